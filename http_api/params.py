"""The parameters of one push: from the query and the body, as ThinkPHP's `param()` has them.

A body is read or refused, never ignored: it may name the recipients.
"""

import re
from collections.abc import Mapping
from typing import Any

from flask import Request

from common.refused import Refused
from http_api import documents, forms, recipients
from http_api.bodies import Bodies, has_body
from http_api.charsets import UNICODE, refuse_others
from http_api.limits import MOST_FIELDS, Limits
from http_api.multipart import of_multipart

ID_HEADER = "HTTP_IDEMPOTENCY_KEY"  # As WSGI names it.
IS_ID = re.compile(r"[ -~]{1,255}").fullmatch
ANNOUNCING = ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Source = Mapping[str, Any]


def of_request(request: Request, bodies: Bodies, limits: Limits) -> list[Source]:
    """Where parameters are, the body before the query: the first that has one wins.

    Raises:
        Refused: something cannot be read, or there is no room for the body now.
    """
    query = forms.of_query(request.query_string, limits)
    if request.method == "POST":
        with bodies.read(request) as body:
            return [_of_body(request, body, limits), query] if body else [query]
    if any(name in request.environ for name in ANNOUNCING) and has_body(request):
        reason = "the body of a GET is not read: send it with POST, or all of it in the query"
        raise Refused("unsupported_media_type", reason)
    return [query]


def refuse_common(request: Request, limits: Limits) -> None:
    """Refuse what would hold for a whole batch: each of its messages has its own parameters.

    Raises:
        Refused: the id stands in the header, or a parameter of a push in the query.
    """
    if ID_HEADER in request.environ:
        reason = "in a batch each message has its own id: Idempotency-Key says nothing"
        raise Refused("bad_id", reason)
    for name in forms.of_query(request.query_string, limits):
        reason = f"in a batch each message has its own {name}: in the query it says nothing"
        raise Refused("unknown_field", reason)


def first(sources: list[Source], name: str) -> Any:
    """A parameter; None if there is none."""
    for source in sources:
        if name in source:
            return source[name]
    return None


def checked_id(value: Any) -> str | None:
    """`value` as an id; None if there is none.

    Raises:
        Refused: it cannot be an id.
    """
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and IS_ID(value):
        return value
    raise Refused("bad_id", "an id has 1 to 255 printable ASCII characters")


def id_of(request: Request, sources: list[Source]) -> str | None:
    """The id of a push, from the header or the parameter.

    Raises:
        Refused: one of them cannot be an id, or they differ.
    """
    header, given = _id_in_header(request), checked_id(first(sources, "id"))
    if header and given and header != given:
        raise Refused("bad_id", "Idempotency-Key and the parameter id differ")
    return header or given


def _id_in_header(request: Request) -> str | None:
    value = request.environ.get(ID_HEADER)
    if value is not None and not value.isascii():
        try:
            value.encode("latin-1").decode()  # WSGI has made one character of each byte.
        except UnicodeDecodeError:
            raise Refused("content_not_text", "Idempotency-Key is not UTF-8") from None
    return checked_id(value)


def _of_body(request: Request, body: bytes, limits: Limits) -> Source:
    charset = request.mimetype_params.get("charset", "")
    if request.mimetype == URLENCODED:
        return forms.of_form(body, charset, limits)
    if request.mimetype == MULTIPART:
        boundary = request.mimetype_params.get("boundary", "")
        return of_multipart(body, boundary, charset, limits)
    if request.is_json:
        return _of_json(json_text(request, body))
    raise unsupported(request, "a form or JSON")


def json_text(request: Request, body: bytes) -> str:
    """The text of a body that is JSON.

    Raises:
        Refused: it is not Unicode, or is said not to be.
    """
    text = documents.text_of(body)
    charset = request.mimetype_params.get("charset", "")
    if charset:
        refuse_others(charset, is_ascii=body.isascii(), known=UNICODE)
    return text


def unsupported(request: Request, wanted: str) -> Refused:
    """The refusal of a body of another type."""
    kind = repr(request.mimetype[:40]) if request.mimetype else "a body without a Content-Type"
    reason = f"send {wanted}, not {kind}"
    return Refused("unsupported_media_type", reason)


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
