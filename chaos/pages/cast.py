"""Who takes part: Valkey with its file, the HTTP API, and a WebSocket server of two workers."""

import sys
from collections.abc import Mapping
from pathlib import Path

from chaos.actor import Actor
from chaos.cast import environ, free_ports, valkey
from chaos.pages.backend import APP
from chaos.plan import VALKEY

HTTP, WS = "http", "ws"
WORKERS = 2
SETTINGS: Mapping[str, object] = {
    "PUSHER_APPS": ":".join(APP),
    "DELIVERY": "instant",
    "WS_WORKERS": WORKERS,
    "REDIS_TIMEOUT": 2,
    "STOP_TIMEOUT": 4,
    "HISTORY_BYTES": 0,
}


class Cast:
    """Makes the actors; starts nothing."""

    def __init__(self, folder: Path, fsync: str) -> None:
        self.ports = dict(zip((VALKEY, HTTP, WS), free_ports((VALKEY, HTTP, WS)), strict=True))
        data = folder / VALKEY
        data.mkdir()
        settings = {**SETTINGS, "REDIS_URL": f"redis://127.0.0.1:{self.ports[VALKEY]}/0"}
        servers = {
            HTTP: ("http_api", {"HTTP_PORT": self.ports[HTTP]}),
            WS: ("ws_server", {"WS_PORT": self.ports[WS]}),
        }
        command = valkey(self.ports[VALKEY], data, fsync)
        self.actors = {VALKEY: Actor(VALKEY, command, environ(), folder)}
        for name, (module, address) in servers.items():
            server = [sys.executable, "-m", module]
            self.actors[name] = Actor(name, server, environ({**settings, **address}), folder)
