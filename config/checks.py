"""The checks of single settings: from the text of a variable to its value, or a ValueError.

Each error completes the sentence "NAME: ...". No setting is named here.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

# Of what redis-py reads from the query; the rest would undo what `common.broker.connect` sets.
SSL_OPTIONS = {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"}

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


def redis_url(text: str) -> str:
    """An address of one Redis. The error does not show it: it may hold a password."""
    if not text:
        raise ValueError("must be an address, not empty; leave it out for the embedded Valkey")
    try:
        if _is_redis_url(text):
            return text
    except ValueError:  # urlsplit's own, of a port that is none.
        pass
    raise ValueError(
        "must be redis://host:port/db, rediss://host:port/db or unix:///path?db=N "
        "(the value is not shown; of options, rediss takes some of ssl_*)"
    )


def _is_redis_url(text: str) -> bool:
    parts = urlsplit(text)
    options = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme == "unix":
        db = options.pop("db", ["0"])[0]  # As the driver: the first.
        return bool(parts.path) and not options and _is_db(db)
    return (
        parts.scheme in ("redis", "rediss")
        and bool(parts.hostname)
        and parts.port != 0
        and (parts.path in ("", "/") or _is_db(parts.path[1:]))
        and set(options) <= (SSL_OPTIONS if parts.scheme == "rediss" else set())
    )


def _is_db(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None
