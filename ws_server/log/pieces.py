"""Pieces of the log: what is sent at once. No I/O here.

A piece has the messages after one id up to another. If all of them are for everybody, it is a
`Chunk`: bytes that are the same for all clients of a format. Else it is `Mixed`, from which each
audience gets a chunk of its own, and so does a client that is not to get some of it. A piece holds
nothing for a single client.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from common.addressing import Addressing
from common.connection_id import NONE
from common.page import Page, has_id
from ws_server.log.cache import Memory
from ws_server.log.chunk import OVERHEAD, Chunk, Place
from ws_server.wire.formats import Format

NAME_OVERHEAD = 400  # Bytes that a recipient takes, in the addressing and in `Mixed._ranks`.


class Mixed:
    """Messages of which not all are for everybody; encoded when somebody wants some of them."""

    __slots__ = (
        "_contents",
        "_epoch",
        "_events",
        "_format",
        "_frames",
        "_has_one_name",
        "_ids",
        "_memory",
        "_ranks",
        "_receipts",
        "_recipients",
        "_renamed",
        "addressing",
        "after",
        "cost",
        "excepted",
        "upto",
    )

    def __init__(self, form: Format, epoch: str, after: int, upto: int, page: Page) -> None:
        self.after = after
        self.upto = upto
        self._format = form
        self._epoch = epoch
        self._ids = page.ids
        self._contents: list[bytes] = page.contents
        self._receipts, self._events = page.receipts, page.events
        # By the number of a connection: the places of the messages that it is not to get.
        self.excepted = page.excepted()
        self._recipients = page.recipients or [()] * len(page.ids)
        self.addressing = page.addressing or Addressing(self._recipients)
        counts = list(map(len, self._recipients))
        # Whether all listeners see each message under the same name, if under any.
        self._has_one_name = not form.shows_channel or max(counts, default=0) < 2
        self._frames: list[bytes] = []
        # Of some messages: the rank of another name than the first, and the frame with it.
        self._renamed: dict[int, tuple[int, bytes]] = {}
        self._ranks: tuple[int, dict[str, int]] = (-1, {})  # Of one message: each name's rank.
        self._memory: Memory | None = None  # Where its growth is counted.
        # About how many bytes of memory it takes.
        self.cost = _memory_of(page.contents) + NAME_OVERHEAD * sum(counts)
        self.cost += OVERHEAD * (len(page.ids) + 16)

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes, now and when it grows."""
        self._memory = memory
        memory.used += self.cost

    def drop_from(self, memory: Memory) -> None:
        """Count it no more."""
        self._memory = None
        memory.used -= self.cost

    def _grow(self, size: int) -> None:
        self.cost += size
        if self._memory is not None:
            self._memory.used += size

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it, whoever it is for."""
        return has_id(self._ids, id_)

    def share_of(self, channels: frozenset[str]) -> float:
        """How much of its bytes is for the listeners of these channels: 1.0 is all."""
        sizes = list(map(len, self._frames or self._contents))
        return sum(sizes[place] for place in self.addressing.places(channels)) / max(1, sum(sizes))

    def select(self, channels: frozenset[str], number: int = NONE) -> Chunk:
        """The messages for the listeners of these channels; perhaps none.

        Without those that the connection with this number is not to get.
        """
        places = self.addressing.places(channels)
        without = self.excepted.get(number)
        if without is not None:
            places = [place for place in places if place not in without]
        return self._chunk(places, channels)

    def data(self, places: Sequence[int], channels: frozenset[str]) -> bytes:
        """The frames of the messages at these places, for the listeners of these channels."""
        if len(places) == 1 and self._has_one_name:
            return (self._frames or self._encode())[places[0]]
        return b"".join(self._frames_at(places, channels))

    def cut(self, places: Sequence[int], channels: frozenset[str], sent: int) -> Place:
        """How far a client is that took `sent` bytes of that."""
        return self._chunk(places, channels).cut(sent)

    def _chunk(self, places: Sequence[int], channels: frozenset[str]) -> Chunk:
        frames = self._frames_at(places, channels) if places else []
        return _joined(self.after, self.upto, [self._ids[at] for at in places], frames)

    def _frames_at(self, places: Sequence[int], channels: frozenset[str]) -> list[bytes]:
        if self._has_one_name:
            frames = self._frames or self._encode()
            return [frames[at] for at in places]
        return [self._frame_at(at, channels) for at in places]

    def _encode(self) -> list[bytes]:
        """All of them at once: that takes a fraction of the time, even if few are wanted."""
        names = [names[0] if names else None for names in self._recipients]
        page = Page(self._ids, self._contents, None, self._receipts, self._events)
        self._frames = self._format.messages(self._epoch, page, names)
        self._grow(_memory_of(self._frames))
        if self._has_one_name:  # Else contents are needed again, for frames with another name.
            self._grow(-_memory_of(self._contents))
            self._contents = []
        return self._frames

    def _frame_at(self, place: int, channels: frozenset[str]) -> bytes:
        """With the name that brings it to these listeners; they must not see the other names."""
        frames, names = self._frames or self._encode(), self._recipients[place]
        rank = self._rank_of_name(place, channels) if len(names) > 1 else 0
        if rank == 0:
            return frames[place]
        known, frame = self._renamed.get(place, (0, b""))
        if known != rank:
            before = len(frame)
            receipts = self._receipts and [self._receipts[place]]
            events = self._events and [self._events[place]]
            page = Page([self._ids[place]], [self._contents[place]], None, receipts, events)
            (frame,) = self._format.messages(self._epoch, page, [names[rank]])
            self._renamed[place] = rank, frame
            self._grow(len(frame) - before if before else len(frame) + 4 * OVERHEAD)
        return frame

    def _rank_of_name(self, place: int, channels: frozenset[str]) -> int:
        """Which of the names of a message brings it to these listeners: the first that does."""
        names = self._recipients[place]
        if self._ranks[0] != place:
            self._ranks = place, {name: rank for rank, name in enumerate(names)}
        ranks = self._ranks[1]
        first = min((ranks[each] for each in channels if each in ranks), default=len(names))
        starts = tuple(each[:-1] for each in channels if each[-1] == "*")
        if not starts:
            return first
        matched = (rank for rank in range(first) if names[rank].startswith(starts))
        return next(matched, first)


Piece = Chunk | Mixed


def piece_of(form: Format, epoch: str, after: int, upto: int, page: Page) -> Piece:
    """A page in one format: encoded, or to be encoded when somebody wants some of it."""
    if page.recipients is None and page.excepts is None:
        return _joined(after, upto, page.ids, form.messages(epoch, page))
    return Mixed(form, epoch, after, upto, page)


def _joined(after: int, upto: int, ids: Sequence[bytes], frames: list[bytes]) -> Chunk:
    return Chunk(after, upto, b"".join(frames), ids, array("Q", accumulate(map(len, frames))))


def _memory_of(texts: Sequence[bytes]) -> int:
    return sum(map(len, texts)) + OVERHEAD * len(texts)
