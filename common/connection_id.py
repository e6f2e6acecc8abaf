"""The id of a connection, which a page tells its backend: `PROCESS.NUMBER`, two numbers in digits.

So Pusher's libraries want it, too. Nobody else ever has the same: the first is drawn by lot for
each process, the second counts its connections. Some digits of the second are drawn, too, so that
a page cannot guess the ids of others from its own, and have them left out. In memory both are one
number. No I/O here.
"""

import re
import secrets
from collections.abc import Iterator
from itertools import count

ID = re.compile(r"([0-9]{1,20})\.([0-9]{1,20})", re.ASCII)
LOT = 53  # Bits that are drawn for a process,
GUESSED = 31  # and for each of its connections.
HALF = 64  # Bits.
LARGEST_HALF = 2**HALF - 1
NONE = 0  # No connection has this number.


def numbers() -> Iterator[int]:
    """The numbers of the connections of a process, one after the other."""
    # It is drawn with the first of them: not before a fork.
    process = secrets.randbits(LOT) << HALF
    for number in count(1):
        yield process | number << GUESSED | secrets.randbits(GUESSED)


def text_of(number: int) -> str:
    """The id with this number."""
    return f"{number >> HALF}.{number & LARGEST_HALF}"


def is_id(text: str) -> bool:
    """Whether it can be the id of a connection, of whatever server."""
    return ID.fullmatch(text) is not None


def number_of(text: str) -> int:
    """The number of an id; NONE if it cannot be the id of a connection of ours."""
    found = ID.fullmatch(text)
    if found is None:
        return NONE
    process, number = int(found[1]), int(found[2])
    return NONE if max(process, number) > LARGEST_HALF else process << HALF | number
