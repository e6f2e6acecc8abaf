"""Chunks: pieces of the log, encoded once; and the window of the recent pieces.

A piece covers the messages after one id up to another. The window holds the
newest ones, as many as the feed affords, so that clients a little behind catch up without
Redis. Neither holds anything for any single client. No I/O here.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from common.message import parse_id
from ws_server.log.memory import Memory

KEPT_REST = 4096  # Bytes; what a client that is behind costs at the most.
OVERHEAD = 64  # Bytes that a message costs in memory beside its frame: its id, mostly.


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client stands: everything up to `cursor` is sent, or in `rest`.

    `rest` ends a frame that its socket took in part. Of a long one it is not kept:
    `skip` bytes of the frame after `cursor` are sent, and it is made again from the log. Then
    `cursor` is right before it, or a page of the log might have the one and not the other.
    """

    cursor: int
    rest: bytes = b""
    skip: int = 0


class Chunk(NamedTuple):
    """The frames of the messages after `after`, up to and with `upto` (log ids).

    All of them, or those for one audience. `ids[i]` is the id of the message whose frame ends
    before byte `ends[i]` of `data`.
    """

    after: int
    upto: int
    data: bytes
    ids: Sequence[bytes]
    ends: "array[int]"

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""
        return len(self.data) + OVERHEAD * (len(self.ids) + 4)

    @property
    def size(self) -> int:
        """How many messages it has."""
        return len(self.ids)

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes."""
        memory.used += self.cost

    def drop_from(self, memory: Memory) -> None:
        """Count it no more."""
        memory.used -= self.cost

    def start_after(self, cursor: int) -> int:
        """The byte at which the frames after message `cursor` start."""
        if cursor <= self.after:
            return 0
        count = bisect_right(self.ids, cursor, key=parse_id)
        return self.ends[count - 1] if count else 0

    def frame_end(self, start: int) -> int:
        """Where the frame ends in which byte `start` lies."""
        return self.ends[bisect_right(self.ends, start)]

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it."""
        return has_id(self.ids, id_)

    def share_of(self, _channels: frozenset[str]) -> float:
        """How much of it is for whoever listens to these channels: all of it."""
        return 1.0

    def select(self, _channels: frozenset[str]) -> "Chunk":
        """The messages for whoever listens to these channels: all of them."""
        return self

    def cut(self, sent: int) -> Place:
        """Where a client stands that took the bytes before `sent`."""
        whole = bisect_right(self.ends, sent)
        start = self.ends[whole - 1] if whole else 0
        before = parse_id(self.ids[whole - 1]) if whole else self.after
        if sent == start:
            return Place(before)
        rest = self.ends[whole] - sent
        if rest > KEPT_REST:
            return Place(parse_id(self.ids[whole]) - 1, skip=sent - start)
        return Place(parse_id(self.ids[whole]), rest=self.data[sent : self.ends[whole]])


def has_id(ids: Sequence[bytes], id_: int) -> bool:
    """Whether sorted ids have this one among them."""
    count = bisect_right(ids, id_, key=parse_id)
    return count > 0 and parse_id(ids[count - 1]) == id_


class Piece(Protocol):
    """A piece of the log in memory: a `Chunk`, or a `Mixed` of which each audience gets its own."""

    @property
    def after(self) -> int:
        """The id before it."""

    @property
    def upto(self) -> int:
        """Its last id."""

    @property
    def cost(self) -> int:
        """About how many bytes of memory it takes."""

    @property
    def size(self) -> int:
        """How many messages it has, whoever they are for."""

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes, now and when it grows."""

    def drop_from(self, memory: Memory) -> None:
        """The opposite: it is kept no more."""

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it."""

    def share_of(self, channels: frozenset[str], /) -> float:
        """How much of its bytes is for whoever listens to these channels: 1.0 is all."""

    def select(self, channels: frozenset[str], /) -> Chunk:
        """The messages for whoever listens to these channels; perhaps none."""


FORGOTTEN = Chunk(0, 0, b"", (), array("Q"))  # In the place of one that takes no memory any more.


class Window:
    """Consecutive pieces that end at the head of the log; how much they take is in `memory`."""

    def __init__(self) -> None:
        self.memory = Memory()
        self._pieces: list[Piece] = []
        self._starts: list[int] = []  # `after` of each, for the bisection.
        self._first = 0  # Those before are forgotten; cleared away now and then.

    def __len__(self) -> int:
        return len(self._pieces) - self._first

    def add(self, piece: Piece) -> None:
        """Append the piece that follows the last."""
        self._pieces.append(piece)
        self._starts.append(piece.after)
        piece.keep_in(self.memory)

    def forget_oldest(self) -> Piece:
        """Forget the oldest piece, and say which."""
        piece = self._pieces[self._first]
        piece.drop_from(self.memory)
        self._pieces[self._first] = FORGOTTEN
        self._first += 1
        if self._first > len(self._pieces) // 2:
            del self._pieces[: self._first], self._starts[: self._first]
            self._first = 0
        return piece

    def clear(self) -> None:
        """Forget everything."""
        while len(self):
            self.forget_oldest()
        self._pieces.clear()
        self._starts.clear()
        self._first = 0

    def find(self, cursor: int) -> Piece | None:
        """The piece that has what follows `cursor`, if it is held."""
        at = bisect_right(self._starts, cursor, self._first) - 1
        if at < self._first or cursor >= self._pieces[at].upto:
            return None
        return self._pieces[at]

    def start(self, head: int) -> int:
        """The id after which everything up to `head` is held."""
        return self._starts[self._first] if len(self) else head
