"""Who may listen, by the settings: pages of which origins, and with which tokens.

It checks no token itself: without tokens, their library is not even loaded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from common.pusher.apps import Apps
from config.settings import Settings
from ws_server.door.grant import ANYBODY, ANYBODY_BESIDES_PUSHER, Grant
from ws_server.door.revoked import Revoked

ANY_ORIGIN = "*"
VARY = {"Vary": "Origin"}
PREFLIGHT_SECONDS = 7200  # No browser keeps it for much longer.
MOST_WANTED = 1000  # Characters.
USUAL_HEADERS = ("authorization", "last-event-id", "cache-control")
IS_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch  # RFC 9110 5.6.2.

AddressOf = Callable[[Mapping[str, Any]], str]  # Of a WSGI environment.


class TokenCheck(Protocol):
    """What is needed of `ws_server.door.tokens.Tokens`."""

    revoked: Revoked

    def check(self, text: str) -> Grant:
        """What a token grants. Raises Refused if it is not one of ours, or has expired."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Without `tokens` nobody needs a token, and one that is given is not looked at.

    `address_of` tells where a request comes from; None if connections are not counted by address.
    `remembers_clients`: whether how far a client is can be kept for it. `apps`: the applications
    that speak Pusher's protocol; None if it is not spoken. `socket_io`: whether Socket.IO is.
    """

    tokens: TokenCheck | None = None
    max_channels: int = Settings.max_channels
    origins: frozenset[str] = frozenset(Settings.allowed_origins)
    address_of: AddressOf | None = None
    remembers_clients: bool = True
    apps: Apps | None = None
    socket_io: bool = False

    @property
    def anybody(self) -> Grant:
        """What a client may listen to that needs no token."""
        return ANYBODY if self.apps is None else ANYBODY_BESIDES_PUSHER

    def admits(self, origin: str | None) -> bool:
        """Whether a page of `origin` may listen. What is no page in a browser sends no origin."""
        return origin is None or ANY_ORIGIN in self.origins or origin in self.origins

    def sharing(self, origin: str | None) -> dict[str, str]:
        """The headers that let a page of `origin` read the answer in a browser, if it may.

        Credentials are allowed, too: cookies and passwords mean nothing to this server.
        """
        if not origin:
            everybody = {"Access-Control-Allow-Origin": ANY_ORIGIN, **VARY}
            return everybody if ANY_ORIGIN in self.origins else VARY
        if not self.admits(origin):
            return VARY
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            **VARY,
        }

    def permission(self, origin: str | None, wanted: str) -> dict[str, str]:
        """The same for a preflight, and that the page may send the headers `wanted`."""
        sharing = self.sharing(origin)
        if sharing == VARY:
            return VARY
        named = [name.strip().lower() for name in wanted[:MOST_WANTED].split(",")]
        # Any header may be sent, except one that would claim another address for the client.
        allowed = [name for name in named if IS_HEADER(name) and "forward" not in name]
        return {
            **sharing,
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": ", ".join(allowed or USUAL_HEADERS),
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }


OPEN = Policy()
