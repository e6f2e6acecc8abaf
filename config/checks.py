"""The checks of single settings: from the text of a variable to its value, or a ValueError.

Each error completes the sentence "NAME: ...". No setting is named here.
"""

import os.path
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

Check = Callable[[str], Any]

MAPPED = IPv6Network("::ffff:0:0/96")  # IPv4 addresses, as a socket of IPv6 has them.
DEFAULT_PORTS = {"http": 80, "https": 443}
BEARER = r"[A-Za-z0-9_~+/.=-]{16,}"  # RFC 6750 2.1, and long enough not to be guessed.


@dataclass(frozen=True, slots=True)
class Unit:
    """What a number counts; `spellings` are the units that people write with a number."""

    name: str
    spellings: Mapping[str, float]


SECONDS = Unit(
    "seconds", {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
)
BYTES = Unit(
    "bytes",
    {
        f"{letter}{rest}": 1024**power
        for power, letter in enumerate(("", "k", "m", "g"))
        for rest in ("", "b", "ib")
    },
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, written without its unit; or zero, if that has a meaning."""

    kind: type[int] | type[float]
    low: float
    high: float
    unit: Unit | None = None
    or_zero: bool = False

    def __call__(self, text: str) -> int | float:
        noun = "a whole number" if self.kind is int else "a number"
        zero = "0 or " if self.or_zero else ""
        refusal = f"must be {zero}{noun} from {plain(self.low)} to {plain(self.high)}, not {text!r}"
        try:
            value = self.kind(text)
        except ValueError:
            raise ValueError(refusal + self._without_unit(text)) from None
        is_zero = self.or_zero and value == 0
        if not is_zero and not self.low <= value <= self.high:  # Also refuses NaN.
            raise ValueError(refusal)
        return value

    def _without_unit(self, text: str) -> str:
        """What to write instead of a number with its unit."""
        found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]+)?) ?([a-z]+)", text.lower())
        if not found or not self.unit or found[2] not in self.unit.spellings:
            return ""
        return f": write {plain(float(found[1]) * self.unit.spellings[found[2]])}"


def plain(number: float) -> str:
    """Without an exponent, and without zeros that say nothing."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


class OneOf:
    """One of a few words, in any case."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, text: str) -> str:
        if text.lower() not in self.words:
            raise ValueError(f"must be {' or '.join(self.words)}, not {text!r}")
        return text.lower()


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
    """No error shows it, as it may be logged. Nothing is taken off: others sign with the same."""
    if text != text.strip():  # Such as the CR of a file with line ends of Windows.
        raise ValueError("must not have a blank or a line end before or behind it")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise ValueError("must not be in quotes, which would be part of it")
    if text and len(text.encode()) < 32:  # RFC 7518 3.2: as long as the hash of HS256.
        raise ValueError("must be 32 bytes at least")
    return text


def bearer(text: str) -> str:
    """No error shows the token: errors may be logged."""
    if not re.fullmatch(BEARER, text):
        raise ValueError("must be 16 letters, digits or -._~+/= at least")
    return text


def flag(text: str) -> bool:
    word = text.lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"must be 1 or 0, not {text!r}")


def without_line_end(text: str) -> str:
    """Blanks belong to the value; the CR of a file with line ends of Windows does not."""
    return text.rstrip("\r")


def host(text: str) -> str:
    """A host name or address to listen at; an address of IPv6 may have brackets."""
    bare = text[1:-1] if re.fullmatch(r"\[.*:.*\]", text) else text
    if bare.count(":") == 1:
        raise ValueError(f"must be a host name or address without a port, not {text!r}")
    if not re.fullmatch(r"[^\s/*\[\]]+", bare) or not bare.isprintable():
        raise ValueError(f"must be a host name or address (0.0.0.0: all), not {text!r}")
    return bare


def path(text: str) -> str:
    """`~` is a home folder, as in a shell; .env and Docker leave it as it is."""
    if not text or not text.isprintable():
        raise ValueError(f"must be a path, not {text!r}")
    expanded = os.path.expanduser(text)
    if expanded.startswith("~"):
        raise ValueError(f"must be a path, and {text!r} names nobody's home folder")
    return expanded


def listed(check: Check, at_least: int = 0) -> Check:
    def parse(text: str) -> tuple[Any, ...]:
        found = tuple(check(word.strip()) for word in text.split(",") if word.strip())
        if len(found) < at_least:
            raise ValueError(f"must be a list of {at_least} at least, not {text!r}")
        return found

    return parse


def origin(text: str) -> str:
    """As browsers write it (RFC 6454 6.2); `*` stands for all.

    `null` is what pages say that have none, and `file://` some apps on a phone.
    """
    if text.lower() in ("*", "null"):
        return text.lower()
    refusal = f"must be origins such as https://a.example, or *, not {text!r}"
    scheme, separator, rest = text.partition("://")
    scheme, place = scheme.lower(), rest.rstrip("/")
    instead = {"": "https", "ws": "http", "wss": "https"}.get(scheme if separator else "")
    if instead and (separator or re.fullmatch(r"[\w.-]+(:\d+)?", text)):
        raise ValueError(f"{refusal}: write {instead}://{place if separator else text}")
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) or re.search(r"[\s/?#@*\\]", place):
        raise ValueError(refusal)
    if scheme in DEFAULT_PORTS:
        place = as_browsers_write(place, DEFAULT_PORTS[scheme], refusal)
    elif not place and scheme != "file":
        raise ValueError(refusal)
    # Most likely it was not meant so.
    if place != rest and (rest.endswith("/") or not rest.isascii()):
        raise ValueError(f"{refusal}: write {scheme}://{place}")
    return f"{scheme}://{place}"


def as_browsers_write(place: str, default_port: int, refusal: str) -> str:
    """The host, and the port if it is another than `default_port`."""
    found = re.fullmatch(r"(\[.+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", place)
    port = int(found[2] or default_port) if found else 0
    if not found or not 0 < port <= 65535:
        raise ValueError(refusal)
    name = found[1].lower()
    try:
        written = _ipv6(name) if name.startswith("[") else name.encode("idna").decode()
        # The older rules of `idna` change what browsers keep, such as ß.
        is_the_same = name.isascii() or written.encode().decode("idna") == name
    except ValueError:
        raise ValueError(refusal) from None
    if not is_the_same:
        raise ValueError(f"{refusal}: write the name as browsers do, with xn--")
    return written if port == default_port else f"{written}:{port}"


def _ipv6(bracketed: str) -> str:
    return f"[{IPv6Address(bracketed[1:-1])}]"


def network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text)
    except ValueError:
        instead = _network_around(text)
        raise ValueError(f"must be addresses or networks, not {text!r}{instead}") from None
    if isinstance(found, IPv6Network) and found.overlaps(MAPPED):
        raise ValueError(f"must have addresses of IPv4 as such, not {text!r}")
    return found


def _network_around(address: str) -> str:
    """What to write instead of an address inside of a network, such as 10.0.0.1/8."""
    try:
        return f": write {ip_network(address, strict=False)}"
    except ValueError:
        return ""


def named_tokens(text: str) -> tuple[tuple[str, str], ...]:
    """No error shows a token: errors may be logged."""
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
