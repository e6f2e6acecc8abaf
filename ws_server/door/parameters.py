"""The parameters of a client that listens, read from its query.

Unknown ones belong to the page and are ignored. Misspelled ones are refused: a client that is
misunderstood would wait for its messages for ever. No I/O here, and no check of tokens.
"""

from dataclasses import dataclass, field
from reprlib import repr as cut_repr
from urllib.parse import unquote_to_bytes

from common.misspellings import MISSPELLED_USER, Misspellings, plain
from common.refused import Refused

KNOWN = frozenset(["format", "last_id", "last", "channels", "client", "token", "confirm"])
LAST_EVENT_ID = "lastEventId"
# What polyfills of EventSource add to the address when they come back.
LAST_EVENT_IDS = ("lasteventid", "evslasteventid")
MISSPELLED = Misspellings(
    {name: name for name in sorted(KNOWN - {"confirm"})}
    | {"channel": "channels", "user": "user"}
    | MISSPELLED_USER
    | dict.fromkeys(LAST_EVENT_IDS, LAST_EVENT_ID)
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The values by name. An empty one counts as none, except of `channels`."""

    given: dict[str, list[str]] = field(default_factory=dict)

    def last(self, name: str) -> str:
        """The last value, which counts, as in PHP; empty if there is none."""
        return self.given.get(name, [""])[-1]

    def all(self, name: str) -> list[str]:
        """Every value that is not empty."""
        return [value for value in self.given.get(name, ()) if value]

    def __contains__(self, name: str) -> bool:
        return name in self.given


def read(query: str) -> Parameters:
    """The known parameters in a query of WSGI, in which each character stands for a byte.

    Raises:
        Refused: one is not UTF-8, or its name shows that another was meant.
    """
    found: dict[str, list[str]] = {}
    for pair in query.encode("latin-1", "replace").replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        known = _known(unquote_to_bytes(name).decode(errors="replace"))
        if known is not None:
            found.setdefault(known, []).append(_text(known, unquote_to_bytes(value)))
    return Parameters(found)


def _known(name: str) -> str | None:
    """The parameter that a name stands for; None if it belongs to the page."""
    if name in KNOWN:
        return name
    base = name.partition("[")[0]  # PHP calls a list's first channels[0].
    if plain(base) in LAST_EVENT_IDS:
        return LAST_EVENT_ID
    meant = MISSPELLED.meant(name)
    if meant is None:
        return None
    raise _bad(meant, _misnamed(name, base, meant))


def _misnamed(name: str, base: str, meant: str) -> str:
    shown = cut_repr(name)[:60]
    if meant == "user":
        return f"there is no parameter {shown}: which user listens is said by a token"
    if base == meant == "channels":
        return f"{shown} is not understood: join the names with commas, channels=orders,news"
    return f"there is no parameter {shown}; did you mean {meant}?"


def _text(name: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _bad(name, f"{name} is not UTF-8") from None


def _bad(meant: str, reason: str) -> Refused:
    """The refusal of a parameter; its value is not shown, as it may be a token."""
    if meant == "channels":
        return Refused("bad_channel", reason, status=400)
    return Refused("bad_parameter", reason)
