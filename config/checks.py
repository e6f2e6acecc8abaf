"""The checks of single settings: from the text of a variable to its value, or a ValueError.

Each error completes the sentence "NAME: ...". No setting is named here.
"""

import re
from collections.abc import Callable
from typing import Any

Check = Callable[[str], Any]


def _plain(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def number(kind: type[int] | type[float], low: float, high: float) -> Check:
    noun = "a whole number" if kind is int else "a number"

    def parse(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(
                f"must be {noun} from {_plain(low)} to {_plain(high)}, not {text!r}"
            ) from None
        if not low <= value <= high:  # Also refuses NaN.
            raise ValueError(f"must be {noun} from {_plain(low)} to {_plain(high)}, not {text!r}")
        return value

    return parse


def one_of(*allowed: str) -> Check:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be {' or '.join(allowed)}, not {text!r}")
        return text

    return parse


def matching(pattern: str, wanted: str) -> Check:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {wanted}, not {text!r}")
        return text

    return parse
