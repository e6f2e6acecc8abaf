"""The parameters of one push that stand in its body, as ThinkPHP's `param()` has them.

A body is read or refused, never ignored: it may name the recipients. No I/O here.
"""

import re
from collections.abc import Mapping
from typing import Any

from common import connection_id, message
from common.refused import Refused
from http_api.reading import documents, forms, recipients
from http_api.reading.charsets import UNICODE, refuse_others
from http_api.reading.head import MULTIPART, TEXT, URLENCODED, ContentType, Head, content_type_of
from http_api.reading.limits import MOST_FIELDS, Limits
from http_api.reading.multipart import of_multipart

is_id = re.compile(r"[ -~]{1,255}").fullmatch

Source = Mapping[str, Any]


def of_body(head: Head, query: Source, body: bytes, limits: Limits) -> Source:
    """The parameters of a body that is not empty; `query` are those of the query.

    Raises:
        Refused: it cannot be read, or it would be a second content.
    """
    if head.method != "POST":
        raise body_of_get()
    kind = content_type_of(head.content_type)
    if kind.mimetype == URLENCODED:
        return forms.of_form(body, kind.charset, limits, query)
    if kind.mimetype == MULTIPART:
        return of_multipart(body, kind.boundary, kind.charset, limits)
    if kind.is_json:
        return _of_json(json_text(kind, body))
    if kind.mimetype == TEXT:
        _refuse_unread(query, body)
        return forms.of_text(body, kind.charset, limits)
    raise unsupported(kind, "a form, JSON or plain text")


def body_of_get() -> Refused:
    """The refusal of a GET that has a body."""
    reason = "the body of a GET is not read: send it with POST, or all of it in the query"
    return Refused("unsupported_media_type", reason)


def refuse_common(head: Head, limits: Limits) -> None:
    """Refuse what would hold for a whole batch: each of its messages has its own parameters.

    Raises:
        Refused: the id stands in the header, or a parameter of a push in the query.
    """
    if head.idempotency_key is not None:
        reason = "in a batch each message has its own id: Idempotency-Key says nothing"
        raise Refused("bad_id", reason)
    for name in forms.of_query(head.query, limits):
        reason = f"in a batch each message has its own {name}: in the query it says nothing"
        raise Refused("unknown_field", reason)


def refuse_encoding(head: Head) -> None:
    """Refuse a body that is compressed.

    Raises:
        Refused: it is.
    """
    encoding = head.content_encoding.strip()
    if encoding and encoding.lower() != "identity":
        reason = f"a body in Content-Encoding {encoding[:40]!r} is not read: send it as it is"
        raise Refused("unsupported_media_type", reason)


def checked_id(value: Any) -> str | None:
    """`value` as an id; None if there is none.

    Raises:
        Refused: it cannot be an id.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and is_id(value):
        return value
    raise Refused("bad_id", "an id has 1 to 255 printable ASCII characters")


def asks_for_receipt(value: Any) -> bool:
    """Whether a push asks for a receipt.

    Raises:
        Refused: it says neither yes nor no.
    """
    if value is None or value is False or value in ("", "0", "false"):
        return False
    if value is True or value in ("1", "true") or (type(value) is int and value == 1):
        return True
    if type(value) is int and value == 0:
        return False
    raise Refused("bad_receipt", "receipt is 1 or 0")


def more_of(event: Any, except_: Any) -> str:
    """What an item says besides, if one of them is given.

    Raises:
        Refused: one of them cannot be.
    """
    return message.more_of(_event(event), _except(except_))


def _event(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and message.is_event(value)):
        return value
    longest = message.LONGEST_EVENT
    reason = f"event is a name of 1 to {longest} characters, without control characters"
    raise Refused("bad_event", reason)


def _except(value: Any) -> str | None:
    if value in (None, ""):  # The page that has asked for it is not connected.
        return None
    if isinstance(value, str) and connection_id.is_id(value):
        return value
    raise Refused("bad_except", "except is the id of a connection, as its welcome says it: '17.4'")


def id_in_header(value: str | None) -> str | None:
    """The id in an Idempotency-Key; None if there is no such header.

    Raises:
        Refused: it cannot be an id.
    """
    if value is not None and not value.isascii():
        try:
            value.encode("latin-1").decode()
        except UnicodeDecodeError:
            raise Refused("content_not_text", "Idempotency-Key is not UTF-8") from None
    return checked_id(value)


def json_text(kind: ContentType, body: bytes) -> str:
    """The text of a body that is JSON.

    Raises:
        Refused: it is not Unicode, or is said not to be.
    """
    text = documents.text_of(body)
    if kind.charset:
        refuse_others(kind.charset, is_ascii=body.isascii(), known=UNICODE)
    return text


def unsupported(kind: ContentType, wanted: str) -> Refused:
    """The refusal of a body of another type."""
    sent = repr(kind.mimetype[:40]) if kind.mimetype else "a body without a Content-Type"
    reason = f"send {wanted}, not {sent}"
    return Refused("unsupported_media_type", reason)


def _refuse_unread(query: Source, body: bytes) -> None:
    """Refuse text that may be meant to say more than the content, such as who is to get it.

    JSON is called text by many programs that were not told what they send.
    """
    if "content" in query:
        reason = "the query has a content: a body of plain text would be another one"
    elif body[: forms.BEGINNING].lstrip(forms.BLANK).startswith(b"{") and b'"content"' in body:
        reason = "the body is a push in JSON: it needs Content-Type: application/json"
    else:
        return
    raise Refused("unsupported_media_type", reason)


def _of_json(text: str) -> Source:
    document = documents.read(text)
    if not isinstance(document, dict):
        raise Refused("json_not_object", "the JSON body must be an object")
    if len(document) > MOST_FIELDS:
        raise forms.too_many("JSON object")
    documents.refuse_repeated(document)
    for name in document:
        if name not in recipients.KNOWN:
            recipients.refuse_misspelled(name)
    return document
