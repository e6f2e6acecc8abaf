"""On which terms clients may listen, by the settings: from which pages, with which tokens.

Tokens are checked elsewhere: without them, the library for it is not even loaded.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from config.settings import Settings
from ws_server.door.grant import Grant

ANY_ORIGIN = "*"
VARY = {"Vary": "Origin"}
PREFLIGHT_SECONDS = 7200  # No browser keeps it for much longer.
MOST_WANTED = 1000  # Characters.
USUAL_HEADERS = ("authorization", "last-event-id", "cache-control")
IS_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch  # RFC 9110 5.6.2.

AddressOf = Callable[[Mapping[str, Any]], str]  # Of a WSGI environment.


class TokenCheck(Protocol):
    """What is needed of `ws_server.door.tokens.Tokens`."""

    def check(self, text: str) -> Grant:
        """What a token grants; Refused if it is none of ours, or no longer."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Without `tokens` nobody needs one, and one that is given all the same is not looked at.

    `address_of` tells where a request comes from, if connections are counted by that.
    """

    tokens: TokenCheck | None = None
    max_channels: int = Settings.max_channels
    origins: frozenset[str] = frozenset(Settings.allowed_origins)
    address_of: AddressOf | None = None

    def admits(self, origin: str | None) -> bool:
        """Whether a page of `origin` may listen; None: it is no page, or not in a browser."""
        return origin is None or ANY_ORIGIN in self.origins or origin in self.origins

    def sharing(self, origin: str | None) -> dict[str, str]:
        """The headers by which a browser lets a page of `origin` read the answer, if it may.

        Also with credentials: no cookie and no password counts here, so they give nothing away.
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
        # Whatever else it sends is not looked at, but for an address, which no page may claim.
        allowed = [name for name in named if IS_HEADER(name) and "forward" not in name]
        return {
            **sharing,
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": ", ".join(allowed or USUAL_HEADERS),
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        }


OPEN = Terms()
