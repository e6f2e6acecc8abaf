"""The opening handshake of RFC 6455, section 4.2, and the hand-off of the socket.

`check_upgrade` decides by the headers alone. `HandOff` stands where flask-sock expects
simple-websocket's server: it answers the 101 and then gives the socket away, so
that no thread, greenlet, parser or buffer stays behind for a connection. A stream
of Server-Sent Events is handed off in the same way.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

from gevent import GreenletExit

from common.libraries.gunicorn_socket import RequestSocket
from common.refused import Refused
from ws_server.door.listen import ENVIRON_KEY, Listen

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
EVENTS_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # For nginx: pass on each event at once.
}


def check_upgrade(environ: Mapping[str, Any]) -> None:
    """Raises Refused if something is wrong with an upgrade request (RFC 6455 4.2.1)."""
    if environ["REQUEST_METHOD"] != "GET":
        raise Refused("method_not_allowed", "the handshake is a GET", {"Allow": "GET"})
    if "upgrade" not in environ.get("HTTP_CONNECTION", "").lower():
        raise Refused("bad_handshake", "Connection must be Upgrade")
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        raise Refused("bad_handshake", "the handshake needs HTTP/1.1")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != "13":
        raise Refused(
            "unsupported_version",
            "Sec-WebSocket-Version must be 13",
            {"Sec-WebSocket-Version": "13", "Upgrade": "websocket"},
        )
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip()):
        raise Refused("bad_handshake", "Sec-WebSocket-Key must be 16 bytes in base64")


def accept_key(key: str) -> str:
    """The answer to a Sec-WebSocket-Key (RFC 6455 4.2.2)."""
    digest = hashlib.sha1(key.encode() + GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def events_head(sharing: Mapping[str, str]) -> bytes:
    """The head of a stream of events; `sharing` are the headers of `Policy.sharing`."""
    headers = {**EVENTS_HEADERS, **sharing, "Connection": "close"}
    return "\r\n".join(["HTTP/1.1 200 OK", *map(": ".join, headers.items()), "", ""]).encode()


def switching_protocols(key: str, protocol: str | None) -> bytes:
    """The answer to a handshake that is right (RFC 6455 4.2.2)."""
    accept = accept_key(key.strip())
    agreed = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"{agreed}Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


class HandOff:
    """One accepted handshake; made by flask-sock's route in place of `simple_websocket.Server`.

    A stream of events, which flask-sock does not know, begins with `head` instead.
    """

    def __init__(
        self, environ: Mapping[str, Any], head: bytes | None = None, **_options: Any
    ) -> None:
        self._socket = RequestSocket(environ)
        self.listen: Listen = environ[ENVIRON_KEY]
        answer = head or switching_protocols(
            environ["HTTP_SEC_WEBSOCKET_KEY"], self.listen.protocol
        )
        try:
            self._socket.send(answer)
        except OSError:
            raise GreenletExit from None  # It has left already.

    def take_socket(self) -> tuple[int, bytes]:
        """The descriptor, non-blocking and ours alone, and what the client sent too early."""
        return self._socket.take()
