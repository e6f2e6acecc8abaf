"""What a listener's token is to say, as `POST /tokens` is asked: from a body in JSON to claims.

A field that there is not is refused: it may be a slip, and the token would grant something else.
No I/O here.
"""

from typing import Any

from common import channels
from common.refused import Refused
from http_api.reading import documents, params
from http_api.reading.head import Head, content_type_of
from http_api.reading.recipients import bad, shown

FIELDS = ("user", "channels", "seconds")
USUAL_SECONDS = 3600
MOST_SECONDS = 86_400

Claims = dict[str, Any]


def claims_of(head: Head, body: bytes, most_channels: int) -> tuple[Claims, int]:
    """The claims but for `exp`, and for how many seconds they are to hold.

    Raises:
        Refused: it is no JSON, or something of it is wrong.
    """
    asked = _document(head, body)
    user = {"sub": _user(asked["user"])} if "user" in asked else {}
    names = _channels(asked.get("channels", []), most_channels)
    return {**user, "channels": names}, _seconds(asked.get("seconds", USUAL_SECONDS))


def _document(head: Head, body: bytes) -> dict[str, Any]:
    if head.query:
        raise Refused("unknown_field", "the query is not read: send all of it as JSON")
    params.refuse_encoding(head)
    kind = content_type_of(head.content_type)
    if not kind.is_json:  # A page of another site cannot send that without being asked for leave.
        raise params.unsupported(kind, "JSON")
    document = documents.read(params.json_text(kind, body))
    if not isinstance(document, dict):
        raise Refused("json_not_object", "the JSON body must be an object")
    documents.refuse_repeated(document)
    for name in document:
        if name not in FIELDS:
            reason = f"there is no field {shown(name)}; there are {', '.join(FIELDS)}"
            raise Refused("unknown_field", reason)
    return document


def _user(value: Any) -> str:
    name = str(value) if type(value) is int else value
    if not (isinstance(name, str) and channels.is_user(name)):
        reason = (
            f"{shown(value)} cannot be a user: 1 to {channels.LONGEST_USER} of "
            "A-Z a-z 0-9 _ . : @ - are allowed; leave it out for a token of nobody in particular"
        )
        raise bad("user", reason)
    return name


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
