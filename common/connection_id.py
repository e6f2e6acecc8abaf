"""The id of a connection, which a page tells its backend: `PROCESS.NUMBER`, two numbers in digits.

So Pusher's libraries want it, too. Nobody else ever has the same: the first is drawn by lot for
each process, the second counts its connections. Some digits of the second are drawn, too, so that
a page cannot guess the ids of others from its own, and have them left out. In memory both are one
number, and a connection keeps the second alone: its serial. No I/O here.
"""

import re
import secrets
from array import array
from collections.abc import Iterable
from itertools import chain, count

ID = re.compile(r"([0-9]{1,20})\.([0-9]{1,20})", re.ASCII)
LOT = 53  # Bits that are drawn for a process,
GUESSED = 31  # and for each of its connections,
DRAWN = 256  # so many at a time.
HALF = 64  # Bits.
LARGEST_HALF = 2**HALF - 1
LARGEST_LOT = 2**GUESSED - 1
NONE = 0  # No connection has this number.


class Numbers:
    """Of the connections of a process. `next_serial()` makes one that is larger than all before."""

    def __init__(self) -> None:
        self.next_serial = chain.from_iterable(map(_serials, count(1, DRAWN))).__next__
        self._process: int | None = None

    def whole(self, serial: int) -> int:
        """The number of the connection with this serial."""
        return self._own << HALF | serial

    def serials(self, numbers: Iterable[int]) -> dict[int, int]:
        """Those of this process among some numbers, by their serials."""
        own = self._own
        return {each & LARGEST_HALF: each for each in numbers if each >> HALF == own}

    @property
    def _own(self) -> int:
        if self._process is None:  # It is not drawn before a fork.
            self._process = secrets.randbits(LOT)
        return self._process


def _serials(first: int) -> list[int]:
    lots = array("I", secrets.token_bytes(DRAWN * array("I").itemsize))
    return [number << GUESSED | lot & LARGEST_LOT for number, lot in enumerate(lots, first)]


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
