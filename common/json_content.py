"""Content that is JSON: an object or a list, which arrives as a value. No I/O here.

Text stays text, however much it looks like JSON: what is JSON is said by who pushes it, and is
marked on its way. So it has a type of its own here, as text and as bytes.
"""

import json
import re
from math import isfinite
from typing import Any

from common.refused import Refused

MOST_VALUES = 10_000  # Of one content, with all that is nested in it.
MOST_LEVELS = 50  # The parsers of some languages read no more than 64.
STRING = re.compile('"[^"]*"')
BRACKETS = re.compile(r"[][{}]")
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JsonText(str):
    """The text of an object or a list, as short as it can be."""

    __slots__ = ()


class JsonBytes(bytes):
    """The same as UTF-8."""

    __slots__ = ()


def text_of(value: dict[str, Any] | list[Any]) -> JsonText:
    """The text of a value that came as JSON.

    Raises:
        Refused: it holds too much, is nested too deeply, or has a number that is not finite.
    """
    try:
        text = _compact(value)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Refused("invalid_json", "a number in content is too large") from None
    if holds_more(text, MOST_VALUES):
        reason = f"content holds more than {MOST_VALUES} values"
        raise Refused("too_many_fields", reason)
    if is_deep(text):
        raise _too_deep()
    return JsonText(text)


def checked(content: bytes) -> bytes:
    """`content`, which is said to be JSON: as JsonBytes if it is, in the same form for all.

    Anybody can write to the list. What is no object or list, or more than may be pushed, stays the
    text that it is.
    """
    if not content.startswith((b"{", b"[")):
        return content
    try:
        text = content.decode()
        if holds_more(text, MOST_VALUES):
            return content
        return JsonBytes(text_of(_decode(text)).encode())
    except (ValueError, RecursionError, Refused):
        return content


def str_of(content: bytes) -> str:
    """As JsonText if it is JsonBytes; with U+FFFD for what is no UTF-8."""
    text = content.decode(errors="replace")
    return JsonText(text) if type(content) is JsonBytes else text


def value_of(content: str) -> Any:
    """What JsonText says; any other text as it is."""
    return json.loads(content) if type(content) is JsonText else content


def holds_more(text: str, most: int) -> bool:
    """Whether JSON surely holds more than `most` values; each begins after a separator."""
    if len(text) <= most or _separators(text) <= most:
        return False
    bare = _without_escapes(text)
    # Each value has a name at most, and so four quotation marks.
    return bare.count('"') > 4 * most or _separators(STRING.sub("", bare)) > most


def is_deep(text: str) -> bool:
    """Whether JSON is nested deeper than MOST_LEVELS."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return False
    level = 0
    for bracket in BRACKETS.findall(STRING.sub("", _without_escapes(text))):
        level += 1 if bracket in "[{" else -1
        if level > MOST_LEVELS:
            return True
    return False


def no_constant(name: str) -> Any:
    """For a decoder: Python would read NaN and Infinity, which are no JSON.

    Raises:
        ValueError: always.
    """
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(digits)
    return number


def _too_deep() -> Refused:
    return Refused("invalid_json", f"content is nested deeper than {MOST_LEVELS} levels")


def _without_escapes(text: str) -> str:
    return text.replace("\\\\", "").replace('\\"', "")


def _separators(text: str) -> int:
    return text.count(",") + text.count("[") + text.count("{")


_decode = json.JSONDecoder(parse_constant=no_constant, parse_float=_finite).decode
