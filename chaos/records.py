"""What publishers and readers write down, one line each: a time, a kind, and its fields.

Encoding and decoding live here; files are the business of `chaos.ledger`.
"""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeAlias, get_args

BREAKS = str.maketrans("\t\n\r", "   ")  # What would break a line into more fields or lines.


@dataclass(frozen=True, slots=True)
class Tried:
    """The push of `count` messages from number `first` on is about to be sent, the first time."""

    kind: ClassVar[str] = "try"
    first: int
    count: int
    keyed: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The API has answered that push with success."""

    kind: ClassVar[str] = "ack"
    first: int


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody knows whether that push was done, and it is not tried again."""

    kind: ClassVar[str] = "unsure"
    first: int
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The API has answered what it never should, with so good a push."""

    kind: ClassVar[str] = "refused"
    first: int
    why: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A reader connects, to go on after `last_id`; what follows comes over this connection."""

    kind: ClassVar[str] = "open"
    port: int
    last_id: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The server has told where the reader starts, and whether it can send all after that."""

    kind: ClassVar[str] = "welcome"
    id: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A message; `id` is empty where the format has none."""

    kind: ClassVar[str] = "read"
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Gap:
    """The server has said that messages are missing, and that it goes on after `id`."""

    kind: ClassVar[str] = "gap"
    id: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection has ended."""

    kind: ClassVar[str] = "lost"
    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The server has sent what no server may send."""

    kind: ClassVar[str] = "broken"
    what: str


Record: TypeAlias = (
    Tried | Acknowledged | Unsure | Refused | Opened | Welcome | Read | Gap | Lost | Broken
)
KINDS: dict[str, type[Record]] = {each.kind: each for each in get_args(Record)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, and when it was written, in seconds since the epoch."""

    time: float
    record: Record


def encode(record: Record, time: float) -> bytes:
    """One line."""
    words = [_word(getattr(record, each.name)) for each in fields(record)]
    return "\t".join([f"{time:.3f}", record.kind, *words]).encode() + b"\n"


def decode(line: bytes) -> Entry:
    """The inverse of `encode`.

    Raises:
        ValueError: it is no such line.
    """
    time, kind, *words = line.decode().rstrip("\n").split("\t")
    if kind not in KINDS:
        raise ValueError(f"there is no record {kind!r}")
    made = KINDS[kind]
    types = [each.type for each in fields(made)]
    values: list[Any] = [_value(word, of) for word, of in zip(words, types, strict=True)]
    return Entry(float(time), made(*values))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value).translate(BREAKS)


def _value(word: str, of: object) -> str | int | bool:
    if of is bool:
        return word == "1"
    return int(word) if of is int else word
