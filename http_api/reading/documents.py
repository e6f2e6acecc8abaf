"""JSON in requests: one document, or the lines of a batch.

Its values are counted before it is read, as their number decides what reading costs: a body
of `[],[],[]` takes twenty times its size in memory. No I/O here.
"""

import json
from collections.abc import Iterator
from typing import Any

from common.json_content import holds_more, no_constant
from common.refused import Refused
from http_api.reading import recipients
from http_api.reading.limits import MOST_VALUES

# Only text with one of these can name recipients twice, be it as \u0075ser.
NAMES_BEGIN = ('"channel', '"user', "\\u006", "\\u007")
BLANK = " \t\r"


class Repeated(dict[str, Any]):
    """An object in which `field`, which names recipients, stands twice."""

    field = ""


def text_of(body: bytes) -> str:
    """The text of JSON: UTF-8, or UTF-16 or 32, which older rules allowed.

    Raises:
        Refused: it is none of these.
    """
    try:
        # So begins what programs write; there is nothing to detect then.
        return body.decode("utf-8" if body.startswith(b'{"') else json.detect_encoding(body))
    except UnicodeDecodeError:
        raise Refused("content_not_text", "the JSON is not UTF-8") from None


def read(text: str) -> Any:
    """What a document of at most MOST_VALUES says.

    Raises:
        Refused: it is no JSON, or holds more.
    """
    _refuse_many(text)
    return read_bounded(text)


def read_bounded(text: str) -> Any:
    """What a document says whose values have been counted.

    Raises:
        Refused: it is no JSON.
    """
    return _read(text, _decoder(text))


def read_lines(text: str) -> Iterator[Any]:
    """What each line says, one after the other; empty ones are skipped.

    Raises:
        Refused: a line is no JSON, or holds more than MOST_VALUES; it is named.
    """
    decoder = _decoder(text)
    lines = (line for line in text.split("\n") if line.strip(BLANK))
    for index, line in enumerate(lines):
        try:
            _refuse_many(line)
            yield _read(line, decoder)
        except Refused as refused:
            raise refused.of_item(index) from None


def refuse_repeated(document: dict[str, Any]) -> None:
    """Refuse an object that has a field of recipients twice: one of them would be lost.

    Raises:
        Refused: it has.
    """
    if isinstance(document, Repeated):
        raise recipients.repeated(document.field)


def _refuse_many(text: str) -> None:
    if holds_more(text, MOST_VALUES):
        reason = f"the JSON holds more than {MOST_VALUES} values"
        raise Refused("too_many_fields", reason)


def _decoder(text: str) -> json.JSONDecoder:
    for begin in NAMES_BEGIN:  # Four steps; `any` would take longer than all of them.
        if begin in text:
            return CAREFUL
    return PLAIN


def _read(text: str, decoder: json.JSONDecoder) -> Any:
    try:
        return _decoded(text, decoder)
    except json.JSONDecodeError as problem:
        reason = f"not valid JSON: {problem}"
    except RecursionError:
        reason = "the JSON is nested too deeply"
    except ValueError:
        reason = "a number in the JSON is not finite, or has too many digits"
    raise Refused("invalid_json", reason)


def _decoded(text: str, decoder: json.JSONDecoder) -> Any:
    """What `decoder.decode` says, in fewer steps where nothing stands around the document."""
    if text.startswith("{") and text.endswith("}"):
        document, end = decoder.raw_decode(text)
        if end == len(text):
            return document
    return decoder.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    for field in recipients.FIELDS:
        if names.count(field) > 1:
            found = Repeated(found)
            found.field = field
    return found


PLAIN = json.JSONDecoder(parse_constant=no_constant)
CAREFUL = json.JSONDecoder(parse_constant=no_constant, object_pairs_hook=_object)
