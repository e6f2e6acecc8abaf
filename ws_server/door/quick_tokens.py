"""Tokens signed with a shared secret, read in a tenth of the time that their library takes.

Only those that are right beyond doubt. Of any other it says nothing: the library decides, and
finds the reason. So nothing is accepted here that the library would refuse.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from time import time
from typing import Any

# Claims that mean nothing to us, or are checked below. With any other, the library decides.
KNOWN = frozenset(("sub", "channels", "exp", "iat", "nbf", "jti", "name", "role", "scope"))
HEADERS = ({"alg": "HS256", "typ": "JWT"}, {"alg": "HS256"})
URL_SAFE = bytes.maketrans(b"-_", b"+/")


class QuickTokens:
    """`leeway`: seconds by which the clocks may differ."""

    def __init__(self, secret: str, leeway: float) -> None:
        self._secret = secret.encode()
        self._leeway = leeway

    def claims(self, text: str) -> dict[str, Any] | None:
        """What a token says that is signed and valid now; None: ask the library."""
        signed, _, signature = text.rpartition(".")
        header, _, payload = signed.partition(".")
        if not _is_usual(header) or "." in payload:
            return None
        digest = hmac.digest(self._secret, signed.encode(), sha256)
        expected = urlsafe_b64encode(digest).rstrip(b"=")
        if not hmac.compare_digest(expected, signature.encode()):
            return None
        claims = _decoded(payload)
        return claims if isinstance(claims, dict) and self._is_valid_now(claims) else None

    def _is_valid_now(self, claims: dict[str, Any]) -> bool:
        if not claims.keys() <= KNOWN:
            return False
        if type(claims.get("sub", "")) is not str or type(claims.get("jti", "")) is not str:
            return False
        now = time()
        latest, earliest = now + self._leeway, now - self._leeway
        for name in ("iat", "nbf"):
            if name in claims and not (type(claims[name]) is int and claims[name] <= latest):
                return False
        return "exp" not in claims or (type(claims["exp"]) is int and claims["exp"] > earliest)


@lru_cache(16)
def _is_usual(header: str) -> bool:
    """Whether the header of a token says HS256, and nothing besides."""
    return _decoded(header) in HEADERS


def _decoded(part: str) -> Any:
    data = part.encode("ascii").translate(URL_SAFE)
    try:
        return json.loads(b64decode(data + b"=" * (-len(data) % 4), validate=True))
    except (ValueError, RecursionError):
        return None
