"""On which terms clients may listen, by the settings: from which pages, with which tokens.

Tokens are checked elsewhere: without them, the library for it is not even loaded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from config.settings import Settings
from ws_server.grant import Grant

ANY_ORIGIN = "*"

AddressOf = Callable[[Mapping[str, Any]], str]  # Of a WSGI environment.


class TokenCheck(Protocol):
    """What is needed of `ws_server.tokens.Tokens`."""

    def check(self, text: str) -> Grant:
        """What a token grants; BadToken if it is none of ours, or no longer."""


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
        """The headers by which a browser lets a page of `origin` read the answer, if it may."""
        if ANY_ORIGIN in self.origins:
            return {"Access-Control-Allow-Origin": ANY_ORIGIN}
        if origin not in self.origins:
            return {"Vary": "Origin"}
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


OPEN = Terms()
