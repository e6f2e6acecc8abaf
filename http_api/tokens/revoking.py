"""Which tokens are to count no more: what is asked, as a `Revocation` or a refusal. No I/O here."""

from typing import Any

from common.refused import Refused
from common.revocation import JTI, USER, Revocation
from http_api.reading.head import Head
from http_api.reading.recipients import shown
from http_api.tokens.wish import document_of, user_of

FIELDS = ("jti", "user", "before", "exp")
LONGEST_JTI = 255
USUAL_SECONDS = 30 * 86_400  # For tokens of which nobody has said when they expire.
LEEWAY = 5  # Seconds by which clocks may differ, and for which a token counts after its `exp`.
NEVER = 1 << 40  # A later `exp` counts as this one.


def revocation_of(head: Head, body: bytes, now: int) -> Revocation:
    """What a body asks for.

    Raises:
        Refused: something of it is wrong.
    """
    asked = document_of(head, body, FIELDS)
    kind, name = named(asked)
    if kind == JTI and "before" in asked:
        raise _bad("before goes with user: a jti is one token, whenever it was signed")
    before = _time("before", asked["before"]) if "before" in asked else now
    if before > now + LEEWAY:
        raise _bad("before is in the future: tokens that are signed later could not be known")
    until = _time("exp", asked["exp"]) if "exp" in asked else now + USUAL_SECONDS
    if until <= now:
        raise _bad("exp is in the past: a token that has expired needs no revocation")
    return Revocation(kind, name, before if kind == USER else 0, until + LEEWAY, now)


def named(asked: dict[str, Any]) -> tuple[str, str]:
    """Whose tokens, or which one: its kind and its name.

    Raises:
        Refused: that is not clear.
    """
    if (JTI in asked) == (USER in asked):
        raise _bad("name one of jti and user")
    if USER in asked:
        return USER, user_of(asked[USER])
    jti = asked[JTI]
    if not (isinstance(jti, str) and 1 <= len(jti) <= LONGEST_JTI and jti.isprintable()):
        raise _bad(f"jti must be text of 1 to {LONGEST_JTI} characters")
    return JTI, jti


def _time(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise _bad(f"{name} must be in seconds since 1970, not {shown(value)}")
    return int(min(value, NEVER))


def _bad(reason: str) -> Refused:
    return Refused("bad_revocation", reason)
