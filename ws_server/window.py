"""Chunks: pieces of the log, encoded once; and the window of the recent ones.

A chunk covers the messages after one id up to another. The window holds the
newest chunks, bounded in bytes, so that clients a little behind catch up without
Redis. Neither holds anything for any single client. No I/O here.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from common.message import parse_id

KEPT_REST = 4096  # Bytes; what a client that is behind costs at the most.
OVERHEAD = 64  # Bytes that a message costs in memory beside its frame: its id, mostly.


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client stands: everything up to `cursor` is sent, or in `rest`.

    `rest` ends a frame that its socket took in part. Of a long one it is not kept:
    `skip` bytes of the frame after `cursor` are sent, and it is made again from the log.
    """

    cursor: int
    rest: bytes = b""
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """The frames of all messages after `after`, up to and with `upto` (log ids).

    `ids[i]` is the id of the message whose frame ends before byte `ends[i]` of `data`.
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

    def start_after(self, cursor: int) -> int:
        """The byte at which the frames after message `cursor` start."""
        if cursor <= self.after:
            return 0
        count = bisect_right(self.ids, cursor, key=parse_id)
        return self.ends[count - 1] if count else 0

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it."""
        count = bisect_right(self.ids, id_, key=parse_id)
        return count > 0 and parse_id(self.ids[count - 1]) == id_

    def cut(self, sent: int) -> Place:
        """Where a client stands that took the bytes before `sent`."""
        whole = bisect_right(self.ends, sent)
        start = self.ends[whole - 1] if whole else 0
        before = parse_id(self.ids[whole - 1]) if whole else self.after
        if sent == start:
            return Place(before)
        rest = self.ends[whole] - sent
        if rest > KEPT_REST:
            return Place(before, skip=sent - start)
        return Place(parse_id(self.ids[whole]), rest=self.data[sent : self.ends[whole]])


FORGOTTEN = Chunk(0, 0, b"", (), array("Q"))  # In the place of one that takes no memory any more.


class Window:
    """Consecutive chunks that end at the head of the log, at most `max_bytes` of them."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._chunks: list[Chunk] = []
        self._starts: list[int] = []  # `after` of each chunk, for the bisection.
        self._first = 0  # Those before are forgotten; cleared away now and then.
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._chunks) - self._first

    def add(self, chunk: Chunk) -> None:
        """Append the chunk that follows the last; forget the oldest beyond the bound."""
        self._chunks.append(chunk)
        self._starts.append(chunk.after)
        self._bytes += chunk.cost
        while self._bytes > self._max_bytes and len(self) > 1:
            self._bytes -= self._chunks[self._first].cost
            self._chunks[self._first] = FORGOTTEN
            self._first += 1
        if self._first > len(self._chunks) // 2:
            del self._chunks[: self._first], self._starts[: self._first]
            self._first = 0

    def clear(self) -> None:
        """Forget everything."""
        self._chunks.clear()
        self._starts.clear()
        self._first = self._bytes = 0

    def find(self, cursor: int) -> Chunk | None:
        """The chunk that has what follows `cursor`, if it is held."""
        at = bisect_right(self._starts, cursor, self._first) - 1
        if at < self._first or cursor >= self._chunks[at].upto:
            return None
        return self._chunks[at]

    def newest(self, count: int) -> int | None:
        """The id before the newest `count` messages, if they are all held."""
        for chunk in reversed(self._chunks[self._first :]):
            if len(chunk.ids) >= count:
                at = len(chunk.ids) - count
                return parse_id(chunk.ids[at - 1]) if at else chunk.after
            count -= len(chunk.ids)
        return None

    def start(self, head: int) -> int:
        """The id after which everything up to `head` is held."""
        return self._starts[self._first] if len(self) else head
