"""What is counted of messages whose receipts are asked for. No I/O here.

Messages for everybody that follow each other closely in the log have nearly always the same
numbers. So they are told of together, by stretches: all of one millisecond, of a thousand places.
What is for some is a stretch of its own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.message import LARGEST_HALF

PLACES = 1000  # Of a stretch: settle.lua leaves out the last three digits for it.


class Numbers(NamedTuple):
    """Numbers of connections. It was written to those that have not missed it nor are behind.

    `to`: all that the message was for. Of these, `missed`: those that left, or were told of a gap,
    before it was written; those that have `confirmed` it; and `behind`: it is yet to be written.
    """

    to: int
    missed: int
    confirmed: int
    behind: int


class Run(NamedTuple):
    """The numbers of all messages of a stretch from one id of the log up to another."""

    first: int
    last: int
    numbers: Numbers


class Counted(NamedTuple):
    """Everything that a process says of a stretch. By user, if it is for some.

    `is_cut`: it cannot count any further, as the log was lost.
    """

    stretch: str
    runs: Sequence[Run]
    users: Mapping[str, Numbers] | None = None
    is_cut: bool = False


def stretch_of(at: int) -> str:
    """The name of the stretch in which a message for everybody lies, by its id."""
    block = (at & LARGEST_HALF) // PLACES
    return f"{at >> 64}+{block or ''}"


def end_of_stretch(at: int) -> int:
    """The first id that cannot be in the same stretch."""
    return at - (at & LARGEST_HALF) % PLACES + PLACES
