"""Queries and urlencoded forms: bytes in, the parameters that mean something out.

If a parameter stands twice, the last one counts, as in PHP; but recipients that stand twice are
refused, as some would be lost. Unknown parameters are ignored, and not even decoded. What is not
UTF-8, or not the form that it is declared to be, is refused. But a text without any name is the
content: that is what `curl -d hello` sends. No I/O here.
"""

import re
from collections.abc import Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from common.refused import Refused
from http_api.reading import recipients
from http_api.reading.charsets import refuse_others
from http_api.reading.limits import MOST_FIELDS, Limits

LONGEST_NAME = 100  # Bytes; no parameter has a longer one, not even misspelled.
BLANK = b" \t\r\n"
NO_FORM = (b"{", b"[", b"<", b'"')  # JSON or XML that is declared as a form.
BEGINNING = 1024
DIGITS = b"0123456789abcdefABCDEF"
NOTHING: Mapping[str, Any] = MappingProxyType({})
ENCODED = re.compile(rb"%[0-9a-fA-F]{2}")
BYTES = {bytes(pair): bytes([int(bytes(pair), 16)]) for pair in product(DIGITS, repeat=2)}
PLAIN_NAMES = {name.encode(): name for name in recipients.KNOWN}  # As they mostly are written.


def of_query(query: bytes, limits: Limits) -> dict[str, str]:
    """The parameters of a query.

    Raises:
        Refused: it has too many, or one that is no text.
    """
    return _parameters(query, "query", "", limits) if query else {}


def of_form(
    body: bytes, charset: str, limits: Limits, query: Mapping[str, Any] = NOTHING
) -> dict[str, str]:
    """The parameters of an urlencoded form.

    If nothing in it is a name with a value, all of it is the content, unless the query has one.

    Raises:
        Refused: as for a query; or it is no form.
    """
    if body[:BEGINNING].lstrip(BLANK).startswith(NO_FORM):
        reason = "the body is called a form and is none: JSON needs Content-Type: application/json"
        raise Refused("unsupported_media_type", reason)
    if b"=" not in body and body.strip(BLANK):
        if "content" in query:
            raise _no_names("has no name=value")
        return _bare(body, charset, limits)
    return _parameters(body, "form", charset, limits)


def of_text(body: bytes, charset: str, limits: Limits) -> dict[str, str]:
    """The parameters of a body that is all content.

    Raises:
        Refused: it is too long, or not text.
    """
    found: dict[str, str] = {}
    add(found, "content", body, charset, limits)
    return found


def add(found: dict[str, str], name: str, raw: bytes, charset: str, limits: Limits) -> None:
    """Add a parameter to those found so far.

    Raises:
        Refused: it names recipients for the second time, is too long, or is not text.
    """
    if name in found and name in recipients.NAMES:
        raise recipients.repeated(name)
    if len(raw) > limits.longest_value:
        raise _too_long(name, limits)
    try:
        found[name] = raw.decode()
    except UnicodeDecodeError:
        raise Refused("content_not_text", f"{name} is not UTF-8") from None
    if charset:
        refuse_others(charset, is_ascii=raw.isascii())


def name_of(raw: bytes) -> str:
    """The name of a parameter; empty if it is an unknown one.

    Raises:
        Refused: it is a misspelled field of recipients.
    """
    if len(raw) > LONGEST_NAME:
        return ""
    name = raw.decode(errors="replace")
    if name in recipients.KNOWN:
        return name
    recipients.refuse_misspelled(name)
    return ""


def no_text(name: str, reason: str) -> Refused:
    """The refusal of a parameter whose value is not text."""
    if name == "content":
        return Refused("content_not_text", reason)
    if name == "id":
        return Refused("bad_id", reason)
    if name == "event":
        return Refused("bad_event", reason)
    if name == "except":
        return Refused("bad_except", reason)
    return recipients.bad(name, reason)


def too_many(place: str) -> Refused:
    """The refusal of very many fields."""
    return Refused("too_many_fields", f"the {place} has more than {MOST_FIELDS} fields")


def unquoted(text: bytes) -> bytes:
    """What encoded text stands for; `+` is a blank, and a `%` without two digits is a `%`."""
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" not in text:
        return text
    first, *others = text.split(b"%")
    # Text that is not English is mostly encoded bytes only: these are looked up in one step.
    known = BYTES.get
    return first + b"".join([known(part) or _byte_and_rest(part) for part in others])


def _bare(body: bytes, charset: str, limits: Limits) -> dict[str, str]:
    """Nobody can tell whether `%41` is meant as it stands; whether a name is content, neither."""
    if b"&" in body or body.strip(BLANK).decode("latin-1") in recipients.KNOWN:
        raise _no_names("has no name=value")
    if ENCODED.search(body):
        raise _no_names("is encoded and has no name: send content=…")
    return of_text(body, charset, limits)


def _no_names(what: str) -> Refused:
    return Refused("invalid_form", f"the body is called a form and {what}")


def _parameters(data: bytes, place: str, charset: str, limits: Limits) -> dict[str, str]:
    if data.count(b"&") >= MOST_FIELDS:
        raise too_many(place)
    raw: dict[str, bytes] = {}
    for pair in data.split(b"&"):
        raw_name, _, value = pair.partition(b"=")
        name = PLAIN_NAMES.get(raw_name)
        if name is None:
            name = name_of(unquoted(raw_name[: 3 * LONGEST_NAME + 1]))
        if name in raw and name in recipients.NAMES:
            raise recipients.repeated(name)
        if name:
            raw[name] = value
    # Only the last of each is decoded, and only if it is not too long: decoding takes time.
    found: dict[str, str] = {}
    for name, value in raw.items():
        if len(value) > 3 * limits.longest_value:
            raise _too_long(name, limits)
        add(found, name, unquoted(value), charset, limits)
    return found


def _byte_and_rest(part: bytes) -> bytes:
    """What a `%` and the text behind it, up to the next one, stand for."""
    byte = BYTES.get(part[:2])
    return b"%" + part if byte is None else byte + part[2:]


def _too_long(name: str, limits: Limits) -> Refused:
    if name == "content":
        reason = f"content is larger than {limits.content_bytes} bytes"
        return Refused("content_too_large", reason)
    return no_text(name, f"{name} is too long")
