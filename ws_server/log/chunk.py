"""A chunk: bytes that many clients are sent, and how far one is that took some. No I/O here."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from common.message import parse_id
from common.page import has_id
from ws_server.log.cache import Memory

KEPT_REST = 4096  # Bytes of a frame that may be kept for a client whose socket is full.
OVERHEAD = 64  # Bytes that a message takes in memory besides its frame: its id, mostly.


@dataclass(frozen=True, slots=True)
class Place:
    """How far a client is: everything up to `cursor` is sent, or in `rest`.

    `rest` is the end of a frame of which its socket took the beginning. The end of a long frame is
    read from the log again: `skip` bytes of the first frame after `cursor` are sent. Then `cursor`
    is right before the id of that message, as an older one might find a page that ends before it.
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
        """Where the frame ends that has the byte `start`."""
        return self.ends[bisect_right(self.ends, start)]

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it."""
        return has_id(self.ids, id_)

    def share_of(self, _channels: frozenset[str]) -> float:
        """How much of it is for the listeners of these channels: all of it."""
        return 1.0

    def cut(self, sent: int) -> Place:
        """How far a client is that took the bytes before `sent`."""
        whole = bisect_right(self.ends, sent)
        if whole == len(self.ends):  # What stands behind the messages is no message.
            return Place(self.upto, rest=self.data[sent:])
        start = self.ends[whole - 1] if whole else 0
        before = parse_id(self.ids[whole - 1]) if whole else self.after
        if sent == start:
            return Place(before)
        rest = self.ends[whole] - sent
        if rest > KEPT_REST:
            return Place(parse_id(self.ids[whole]) - 1, skip=sent - start)
        return Place(parse_id(self.ids[whole]), rest=self.data[sent : self.ends[whole]])
