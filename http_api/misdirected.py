"""Requests that the HTTP API cannot answer at all: who wants to listen, or speaks another protocol.

They are told so before a token is asked for.
"""

from collections.abc import Mapping
from typing import Any

from common.refused import Refused
from common.unspoken import OF_BACKENDS, is_of_socketio, without_pusher
from config.public_url import events_url
from config.settings import Settings
from http_api.watching.reads import EVENTS


def refuse_misdirected(environ: Mapping[str, Any], settings: Settings) -> None:
    """Raises Refused, which says where the request belongs or what to set."""
    path: str = environ["PATH_INFO"]
    url, port = settings.ws_public_url, f"port {settings.ws_port} (WS_PORT)"
    if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
        raise _elsewhere(f"WebSockets connect at {url or port}")
    if is_of_socketio(path):
        raise _elsewhere(f'Socket.IO is at {url or port}, with transports: ["websocket"]')
    if OF_BACKENDS(path):
        if not settings.pusher_apps:
            raise without_pusher()
    elif path != EVENTS and path.rstrip("/").endswith("/events"):
        raise _elsewhere(f"/events is at {events_url(url) if url else port}")


def _elsewhere(what: str) -> Refused:
    return Refused("wrong_port", f"this is the port of the HTTP API; {what}")
