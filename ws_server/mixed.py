"""A piece of the log of which not everything is for everybody.

It is kept as it came. Each audience gets a chunk of its own of it, joined from frames
that are encoded once for all. No I/O here.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from common.channels import subscriptions_to
from common.message import Page
from ws_server.addressing import Addressing
from ws_server.formats import Format
from ws_server.window import OVERHEAD, Chunk, Place, has_id

NAME_OVERHEAD = 256  # Bytes that an address takes, with its place in the index.


class Mixed:
    """The messages after `after`, up to and with `upto` (log ids), in one format."""

    __slots__ = (
        "_addresses",
        "_epoch",
        "_format",
        "_frames",
        "_has_one_name",
        "_page",
        "_ranks",
        "_special",
        "addressing",
        "after",
        "cost",
        "upto",
    )

    def __init__(
        self, form: Format, epoch: str, after: int, upto: int, page: Page, addressing: Addressing
    ) -> None:
        self.after = after
        self.upto = upto
        self._format = form
        self._epoch = epoch
        self._page = page
        self.addressing = addressing
        self._addresses = page.addresses or [()] * len(page.ids)
        # Whether all listeners see each message under the same name, if under any.
        self._has_one_name = not form.shows_channel or max(map(len, self._addresses)) < 2
        self._frames: list[bytes] = []
        # Under another name than the first: the last that was asked for, by its place among them.
        self._special: dict[int, tuple[int, bytes]] = {}
        self._ranks: tuple[int, dict[str, int]] = (-1, {})  # Of one message: see `_rank_of_name`.
        # About how many bytes of memory it takes: what came, and two frames of each.
        names = sum(map(len, self._addresses))
        self.cost = (
            3 * sum(map(len, page.contents))
            + NAME_OVERHEAD * names
            + 4 * OVERHEAD * (len(page.ids) + 4)
        )

    @property
    def size(self) -> int:
        """How many messages it has, whoever they are for."""
        return len(self._page.ids)

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it, whoever it is for."""
        return has_id(self._page.ids, id_)

    def ids_for(self, channels: frozenset[str]) -> list[bytes]:
        """The ids of the messages for whoever listens to these channels."""
        ids = self._page.ids
        return [ids[place] for place in self.addressing.places(channels)]

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
        frames, ids = self._frames_at(places, channels), self._page.ids
        ends = array("Q", accumulate(map(len, frames)))
        return Chunk(self.after, self.upto, b"".join(frames), [ids[at] for at in places], ends)

    def _frames_at(self, places: Sequence[int], channels: frozenset[str]) -> list[bytes]:
        frames = self._frames or self._encode()
        if self._has_one_name:
            return [frames[at] for at in places]
        return [self._frame_at(at, channels) for at in places]

    def _encode(self) -> list[bytes]:
        """All of them at once: that takes a fraction of the time, even if few are wanted."""
        names = [names[0] if names else None for names in self._addresses]
        self._frames = self._format.messages(self._epoch, self._page, names)
        return self._frames

    def _frame_at(self, place: int, channels: frozenset[str]) -> bytes:
        """Under the name by which it comes to these listeners: none of them sees the others."""
        frames, names = self._frames or self._encode(), self._addresses[place]
        rank = self._rank_of_name(place, channels) if len(names) > 1 else 0
        if rank == 0:
            return frames[place]
        known, frame = self._special.get(place, (0, b""))
        if known != rank:
            page = Page([self._page.ids[place]], [self._page.contents[place]])
            (frame,) = self._format.messages(self._epoch, page, [names[rank]])
            self._special[place] = rank, frame
        return frame

    def _rank_of_name(self, place: int, channels: frozenset[str]) -> int:
        """Which of the names of a message brings it to these listeners: the first that does."""
        if self._ranks[0] != place:
            ranks: dict[str, int] = {}
            for rank, name in enumerate(self._addresses[place]):
                for subscription in subscriptions_to(name):
                    ranks.setdefault(subscription, rank)
            self._ranks = place, ranks
        ranks = self._ranks[1]
        return min(ranks[each] for each in channels if each in ranks)
