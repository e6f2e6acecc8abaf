"""Who may have listeners' tokens signed by `POST /tokens`, and how they are.

It decides by the settings and two headers of a request. No I/O but a look at the clock.
"""

from collections.abc import Callable, Mapping
from secrets import token_urlsafe
from time import time
from typing import Any

from common.refused import Refused
from common.signing import signed
from config.anonymous import lets_others_push
from config.networks import is_loopback
from config.settings import Settings

LONGEST = 8000  # Bytes; whoever listens sends it in a line of 8190 at the most.
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR")

Environ = Mapping[str, Any]  # As WSGI has it.


class Signer:
    """Signs with SUBSCRIBE_SECRET.

    Without PUSH_TOKENS only for who reaches this machine by a name of loopback, and through no
    proxy. A page of another site may lead a name of its own here (DNS rebinding), and a proxy may
    lead everybody here.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time) -> None:
        self._secret = settings.subscribe_secret
        self._has_tokens = settings.needs_push_token
        self._lets_others = lets_others_push(settings)
        self._clock = clock

    def why_not(self, environ: Environ) -> str | None:
        """Why nothing is signed for who asks; None if it is."""
        if not self._secret:
            return "there is no SUBSCRIBE_SECRET here to sign with"
        if self._has_tokens:
            return None
        if self._lets_others or not _is_from_here(environ):
            return "without PUSH_TOKENS nothing is signed but for this machine, as 127.0.0.1"
        return None

    def refuse_others(self, environ: Environ) -> None:
        """Refuse whoever may not have anything signed.

        Raises:
            Refused: nothing is signed for who asks.
        """
        if reason := self.why_not(environ):
            raise Refused("cannot_sign", reason)

    def sign(self, claims: Mapping[str, Any], seconds: int) -> tuple[str, int, str]:
        """A token, its `exp` and its `jti`.

        Raises:
            Refused: it would be too long to be sent.
        """
        now, jti = int(self._clock()), token_urlsafe(12)
        expires = now + seconds
        token = signed({**claims, "iat": now, "exp": expires, "jti": jti}, self._secret)
        if len(token) > LONGEST:
            reason = f"the names are too long together: the token would have {len(token)} bytes"
            raise Refused("too_many_channels", reason)
        return token, expires, jti


def _is_from_here(environ: Environ) -> bool:
    if any(name in environ for name in FORWARDED):
        return False
    return is_loopback(environ.get("HTTP_HOST", ""))
