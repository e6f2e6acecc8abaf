"""Whether a client is let in: its origin, what it asks for, and whether there is room.

Each check raises `Refused`. It knows no Flask and no route, only WSGI environments. The Flask
application asks, and the door does for what is plain.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from common.refused import Refused
from ws_server.door.handshake import check_upgrade
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy
from ws_server.door.pusher_listen import pusher_listen
from ws_server.door.socketio_listen import socketio_listen
from ws_server.door.unspoken import refuse_unspoken

RETRY_AFTER = 5  # Seconds; advice to a client that is refused for now.
NO_LENGTH = ("", "0")
LATER = {"Retry-After": str(RETRY_AFTER)}


class Capacity(Protocol):
    """What is asked of `ws_server.newcomers.Newcomers` before a client is let in."""

    @property
    def refuses(self) -> str | None:
        """Why no connection is taken now, if so."""

    def is_crowded(self, address: str) -> bool:
        """Whether no more connections are taken from an address."""


class Adopter(Capacity, Protocol):
    """What is needed of `ws_server.newcomers.Newcomers`."""

    @property
    def is_ready(self) -> bool:
        """Whether Redis answers and connections are taken, and that will remain so."""

    @property
    def is_leaving(self) -> bool:
        """Whether the process is about to stop."""

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        """Take over a connected socket."""

    def note_refused(self, error: str) -> None:
        """Count a client that was not let in."""


def check_body(environ: Mapping[str, Any]) -> None:
    """A request to listen has none: its bytes would be taken for what the client says later."""
    if "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "0") not in NO_LENGTH:
        raise Refused("bad_request", "a request to listen has no body")


def check_origin(environ: Mapping[str, Any], policy: Policy) -> None:
    """Whether a page of this origin may connect; it comes first, before anything else is read."""
    if not policy.admits(environ.get("HTTP_ORIGIN")):
        raise Refused("origin_forbidden", "pages of this origin may not listen")


def read_listen(environ: Mapping[str, Any], policy: Policy, *, events: bool = False) -> Listen:
    """What the client asks for, if it may."""
    asked = None
    if not events and (policy.socket_io or policy.apps is not None):
        asked = _of_a_dialect(environ, policy)
    listen = asked or Listen.parse(environ, policy, events=events)
    if policy.address_of is not None:
        return replace(listen, address=policy.address_of(environ))
    return listen


def _of_a_dialect(environ: Mapping[str, Any], policy: Policy) -> Listen | None:
    refuse_unspoken(environ, policy)
    if policy.socket_io and (asked := socketio_listen(environ, policy)) is not None:
        return asked
    return None if policy.apps is None else pusher_listen(environ, policy.apps)


def check_room(listen: Listen, capacity: Capacity) -> None:
    """Whether one more is taken now."""
    if reason := capacity.refuses:
        raise Refused("unavailable", reason, LATER)
    if capacity.is_crowded(listen.address):
        raise Refused("too_many_connections", "too many connections from this address", LATER)


def admit_websocket(environ: Mapping[str, Any], policy: Policy, capacity: Capacity) -> Listen:
    """What the client of a handshake that is right listens to."""
    check_origin(environ, policy)
    check_body(environ)
    check_upgrade(environ)
    listen = read_listen(environ, policy)
    check_room(listen, capacity)
    return listen


def admit_events(environ: Mapping[str, Any], policy: Policy, capacity: Capacity) -> Listen:
    """The same for a stream of events."""
    check_origin(environ, policy)
    check_body(environ)
    listen = read_listen(environ, policy, events=True)
    check_room(listen, capacity)
    return listen
