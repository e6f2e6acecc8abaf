"""What is asked for in a body of JSON, by `POST /tokens` and `POST /revocations`. No I/O here.

A field that there is not is refused: it may be a slip, and something else would be done.
"""

from collections.abc import Sequence
from typing import Any

from common import channels
from common.refused import Refused
from http_api.reading import documents, params
from http_api.reading.head import Head, content_type_of
from http_api.reading.recipients import bad, shown


def document_of(head: Head, body: bytes, fields: Sequence[str]) -> dict[str, Any]:
    """The object that the body is.

    Raises:
        Refused: it is none, or has other fields.
    """
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
        if name not in fields:
            reason = f"there is no field {shown(name)}; there are {', '.join(fields)}"
            raise Refused("unknown_field", reason)
    return document


def user_of(value: Any, otherwise: str = "") -> str:
    """The name of a user, which may be a number; `otherwise` says what else could be asked for.

    Raises:
        Refused: no user can have this name.
    """
    name = str(value) if type(value) is int else value
    if not (isinstance(name, str) and channels.is_user(name)):
        reason = (
            f"{shown(value)} cannot be a user: 1 to {channels.LONGEST_USER} of "
            f"{channels.SHOWN} are allowed{otherwise}"
        )
        raise bad("user", reason)
    return name
