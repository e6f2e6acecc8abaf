"""Plain handshakes and streams of events at the door: the rules of the Flask application.

A client that is let in is the hub's before the callback of the event loop ends: no greenlet, no
environment of a request. Whoever is refused is left to the application, which says why.
"""

from typing import Any

from common.refused import Refused
from common.serving.door.answer import Caller, Done
from common.serving.door.plain import Head
from ws_server.door.admission import Adopter, admit_events, admit_websocket
from ws_server.door.handshake import events_head, switching_protocols
from ws_server.door.policy import Policy

# The headers that the rules look at, as a WSGI environment names them.
RULED = {
    name: f"HTTP_{name.replace('-', '_').upper()}"
    for name in (
        "authorization",
        "connection",
        "last-event-id",
        "origin",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "x-forwarded-for",
    )
}


class PlainListen:
    """Lets clients in, in the callback of the event loop."""

    def __init__(self, service: Adopter, policy: Policy) -> None:
        self._service = service
        self._policy = policy

    def takes(
        self,
        head: Head,
        length: int,
        *,
        is_whole: bool,  # noqa: ARG002
    ) -> bool:
        """Whether it asks for a WebSocket, which is at every path, or for events; see `Site`."""
        if head.method != "GET" or length:
            return False
        return head.is_upgrade or head.path.rstrip("/").endswith("/events")

    def answer(
        self,
        head: Head,
        body: bytes,  # noqa: ARG002
        caller: Caller,
        done: Done,  # noqa: ARG002  # It takes the socket instead.
    ) -> bool:
        environ = _environ(head, caller.address)
        try:
            if head.is_upgrade:
                listen = admit_websocket(environ, self._policy, self._service)
                answer = switching_protocols(head.headers["sec-websocket-key"], listen.protocol)
            else:
                listen = admit_events(environ, self._policy, self._service)
                answer = events_head(self._policy.sharing(head.headers.get("origin")))
        except Refused:
            return False
        socket, early = caller.release()
        try:
            socket.send(answer)  # A new socket takes so little whole.
        except OSError:
            socket.close()  # It has left already.
            return True
        self._service.adopt(socket.detach(), early, listen)
        return True


def _environ(head: Head, address: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "PATH_INFO": head.path,
        "QUERY_STRING": head.query.decode("latin-1"),
        "REMOTE_ADDR": address,
    }
    headers = head.headers
    for name, key in RULED.items():
        if name in headers:
            environ[key] = headers[name]
    return environ
