"""A piece of the log of which not everything is for everybody.

It is kept as it came. Each audience gets a chunk of its own of it, joined from frames
that are encoded once for all. No I/O here.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from common.addressing import Addressing
from common.page import Page
from ws_server.log.memory import Memory
from ws_server.log.window import OVERHEAD, Chunk, Place, has_id
from ws_server.wire.formats import Format

NAME_OVERHEAD = 400  # Bytes that a name takes, with its place in the index and among the ranks.


class Mixed:
    """The messages after `after`, up to and with `upto` (log ids), in one format."""

    __slots__ = (
        "_contents",
        "_epoch",
        "_format",
        "_frames",
        "_has_one_name",
        "_ids",
        "_memory",
        "_ranks",
        "_recipients",
        "_special",
        "addressing",
        "after",
        "cost",
        "upto",
    )

    def __init__(self, form: Format, epoch: str, after: int, upto: int, page: Page) -> None:
        self.after = after
        self.upto = upto
        self._format = form
        self._epoch = epoch
        self._ids = page.ids
        self._contents: list[bytes] = page.contents
        self._recipients = page.recipients or [()] * len(page.ids)
        self.addressing = page.addressing or Addressing(self._recipients)
        counts = list(map(len, self._recipients))
        # Whether all listeners see each message under the same name, if under any.
        self._has_one_name = not form.shows_channel or max(counts, default=0) < 2
        self._frames: list[bytes] = []
        # Under another name than the first: the last that was asked for, by its place among them.
        self._special: dict[int, tuple[int, bytes]] = {}
        self._ranks: tuple[int, dict[str, int]] = (-1, {})  # Of one message: see `_rank_of_name`.
        self._memory: Memory | None = None  # To which its growth is charged.
        # About how many bytes of memory it takes.
        self.cost = _memory_of(page.contents) + NAME_OVERHEAD * sum(counts)
        self.cost += OVERHEAD * (len(page.ids) + 16)

    @property
    def size(self) -> int:
        """How many messages it has, whoever they are for."""
        return len(self._ids)

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes, now and when it grows."""
        self._memory = memory
        memory.used += self.cost

    def drop_from(self, memory: Memory) -> None:
        """The opposite: it is kept no more."""
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
        """How much of its bytes is for whoever listens to these channels: 1.0 is all."""
        sizes = list(map(len, self._frames or self._contents))
        return sum(sizes[place] for place in self.addressing.places(channels)) / max(1, sum(sizes))

    def select(self, channels: frozenset[str]) -> Chunk:
        """The frames of the messages for whoever listens to these channels; perhaps none."""
        return self._chunk(self.addressing.places(channels), channels)

    def data(self, places: Sequence[int], channels: frozenset[str]) -> bytes:
        """The messages at these places, for whoever listens to these channels."""
        if len(places) == 1 and self._has_one_name:
            return (self._frames or self._encode())[places[0]]
        return b"".join(self._frames_at(places, channels))

    def cut(self, places: Sequence[int], channels: frozenset[str], sent: int) -> Place:
        """Where a client stands that took `sent` bytes of that."""
        return self._chunk(places, channels).cut(sent)

    def _chunk(self, places: Sequence[int], channels: frozenset[str]) -> Chunk:
        frames, ids = self._frames_at(places, channels) if places else [], self._ids
        ends = array("Q", accumulate(map(len, frames)))
        return Chunk(self.after, self.upto, b"".join(frames), [ids[at] for at in places], ends)

    def _frames_at(self, places: Sequence[int], channels: frozenset[str]) -> list[bytes]:
        frames = self._frames or self._encode()
        if self._has_one_name:
            return [frames[at] for at in places]
        return [self._frame_at(at, channels) for at in places]

    def _encode(self) -> list[bytes]:
        """All of them at once: that takes a fraction of the time, even if few are wanted."""
        names = [names[0] if names else None for names in self._recipients]
        page = Page(self._ids, self._contents)
        self._frames = self._format.messages(self._epoch, page, names)
        self._grow(_memory_of(self._frames))
        if self._has_one_name:  # Or a frame is made of a content again, for another name.
            self._grow(-_memory_of(self._contents))
            self._contents = []
        return self._frames

    def _frame_at(self, place: int, channels: frozenset[str]) -> bytes:
        """Under the name by which it comes to these listeners: none of them sees the others."""
        frames, names = self._frames or self._encode(), self._recipients[place]
        rank = self._rank_of_name(place, channels) if len(names) > 1 else 0
        if rank == 0:
            return frames[place]
        known, frame = self._special.get(place, (0, b""))
        if known != rank:
            before = len(frame)
            page = Page([self._ids[place]], [self._contents[place]])
            (frame,) = self._format.messages(self._epoch, page, [names[rank]])
            self._special[place] = rank, frame
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


def _memory_of(texts: Sequence[bytes]) -> int:
    return sum(map(len, texts)) + OVERHEAD * len(texts)
