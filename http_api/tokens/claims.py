"""What a listener's token is to say, as `POST /tokens` is asked: from a body in JSON to claims.

No I/O here.
"""

from typing import Any

from common import channels
from common.refused import Refused
from http_api.reading.head import Head
from http_api.reading.recipients import bad, shown
from http_api.tokens.wish import document_of, user_of

FIELDS = ("user", "channels", "seconds")
USUAL_SECONDS = 3600
MOST_SECONDS = 86_400

NOBODY = "; leave it out for a token of nobody in particular"

Claims = dict[str, Any]


def claims_of(head: Head, body: bytes, most_channels: int) -> tuple[Claims, int]:
    """The claims but for `exp`, and for how many seconds they are to hold.

    Raises:
        Refused: it is no JSON, or something of it is wrong.
    """
    asked = document_of(head, body, FIELDS)
    user = {"sub": user_of(asked["user"], NOBODY)} if "user" in asked else {}
    names = _channels(asked.get("channels", []), most_channels)
    return {**user, "channels": names}, _seconds(asked.get("seconds", USUAL_SECONDS))


def _channels(value: Any, most: int) -> list[str]:
    if not isinstance(value, list):
        raise bad("channels", f"channels must be a list of names, not {shown(value)}")
    for name in value:
        if not channels.is_grantable(name):
            reason = (
                f"{shown(name)} cannot be granted: a channel or a wildcard such as 'news.*' can, "
                "and none of a user"
            )
            raise bad("channels", reason)
    names = list(dict.fromkeys(value))
    if len(names) > most:
        raise Refused("too_many_channels", f"at most {most} channels are allowed")
    return names


def _seconds(value: Any) -> int:
    if type(value) is int and 1 <= value <= MOST_SECONDS:
        return value
    reason = f"seconds must be a whole number from 1 to {MOST_SECONDS}, not {shown(value)}"
    raise Refused("bad_seconds", reason)
