"""Whether a client is let in: its origin, what it asks for, and whether there is room.

Each check raises `Refused`. It knows no Flask and no route, only WSGI environments.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from common.refused import Refused
from ws_server.door.listen import ENVIRON_KEY, Listen
from ws_server.door.policy import Policy

RETRY_AFTER = 5  # Seconds; advice to a client that is refused for now.
LATER = {"Retry-After": str(RETRY_AFTER)}


class Capacity(Protocol):
    """What is asked of `ws_server.newcomers.Newcomers` before a client is let in."""

    @property
    def refuses(self) -> str | None:
        """Why no connection is taken now, if so."""

    def is_crowded(self, address: str) -> bool:
        """Whether no more connections are taken from an address."""


def check_origin(environ: Mapping[str, Any], policy: Policy) -> None:
    """Whether a page of this origin may connect; it comes first, before anything else is read."""
    if not policy.admits(environ.get("HTTP_ORIGIN")):
        raise Refused("origin_forbidden", "pages of this origin may not listen")


def note_listen(environ: dict[str, Any], policy: Policy, *, events: bool = False) -> None:
    """Check what the client asks for, and keep it in `environ`, where the hand-off finds it."""
    listen = Listen.parse(environ, policy, events=events)
    if policy.address_of is not None:
        listen = replace(listen, address=policy.address_of(environ))
    environ[ENVIRON_KEY] = listen


def check_room(environ: Mapping[str, Any], capacity: Capacity) -> None:
    """Whether one more is taken now; `note_listen` comes first."""
    if reason := capacity.refuses:
        raise Refused("unavailable", reason, LATER)
    if capacity.is_crowded(environ[ENVIRON_KEY].address):
        raise Refused("too_many_connections", "too many connections from this address", LATER)
