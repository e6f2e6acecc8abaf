"""The parameters of one push: from the query and the body, as ThinkPHP's `param()` has them.

A body that is there is read, or the push is refused: it may say for whom the push is.
"""

from collections.abc import Mapping
from typing import Any

from flask import Request

from common.refused import Refused
from http_api import documents, forms, recipients
from http_api.bodies import Bodies, has_body
from http_api.charsets import UNICODE, refuse_others
from http_api.limits import MOST_FIELDS, Limits
from http_api.multipart import of_multipart

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

Source = Mapping[str, Any]


def of_request(request: Request, bodies: Bodies, limits: Limits) -> list[Source]:
    """Where parameters are; the first that has one wins: the body before the query.

    Raises:
        Refused: something cannot be read.
        Refused: there is no room for the body now.
    """
    query = forms.of_query(request.query_string, limits)
    if request.method == "POST":
        with bodies.read(request) as body:
            return [_of_body(request, body, limits), query] if body else [query]
    if has_body(request):
        reason = "the body of a GET is not read: send it with POST, or all of it in the query"
        raise Refused("unsupported_media_type", reason)
    return [query]


def refuse_query(request: Request, limits: Limits) -> None:
    """For a batch: what stands in the query would be lost, and its messages go to everybody.

    Raises:
        Refused: a parameter that a push has is there, or one that was meant as such.
    """
    for name in forms.of_query(request.query_string, limits):
        reason = f"in a batch each message has its own {name}: in the query it says nothing"
        raise Refused("unknown_field", reason)


def first(sources: list[Source], name: str) -> Any:
    """A parameter; None if there is none."""
    for source in sources:
        if name in source:
            return source[name]
    return None


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
            recipients.refuse_near_miss(name)
    return document
