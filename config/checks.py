"""The checks of single settings: from the text of a variable to its value, or a ValueError.

Each error completes the sentence "NAME: ...". No setting is named here.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

Check = Callable[[str], Any]

MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses, as a socket of IPv6 has them.
BEARER = r"[A-Za-z0-9_~+/.=-]{16,}"  # RFC 6750 2.1, and long enough not to be guessed.


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


def optional(check: Check) -> Check:
    """Empty, or what `check` takes."""
    return lambda text: check(text) if text else text


def secret(text: str) -> str:
    """It is in no error: that may be logged."""
    if text and len(text.encode()) < 32:  # RFC 7518 3.2: as long as the hash of HS256.
        raise ValueError("must be 32 bytes at least")
    return text


def flag(text: str) -> bool:
    return bool(one_of("0", "1")(text) == "1")


def listed(check: Check, at_least: int = 0) -> Check:
    def parse(text: str) -> tuple[Any, ...]:
        found = tuple(check(word.strip()) for word in text.split(",") if word.strip())
        if len(found) < at_least:
            raise ValueError(f"must be a list of {at_least} at least, not {text!r}")
        return found

    return parse


def origin(text: str) -> str:
    """As browsers write one (RFC 6454 6.2); `*` stands for all."""
    if text == "*" or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^\s/?#@*A-Z]+", text):
        return text
    raise ValueError(f"must be origins such as https://a.example, or *, not {text!r}")


def network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text)
    except ValueError:
        raise ValueError(f"must be addresses or networks, not {text!r}") from None
    if isinstance(found, IPv6Network) and found.overlaps(MAPPED):
        raise ValueError(f"must have addresses of IPv4 as such, not {text!r}")
    return found


def named_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """Their tokens are in no error: it may be logged."""
    pairs = [word.strip().partition(":") for word in text.split(",") if word.strip()]
    for name, _, token in pairs:
        if not (re.fullmatch(r"[\w.-]+", name) and re.fullmatch(BEARER, token)):
            raise ValueError(
                "must be name:token,name:token, each token 16 letters, digits or -._~+/= at least"
            )
    names = [name for name, _, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("names one twice")
    return tuple((name, token) for name, _, token in pairs)
