"""A piece of the log of which not everything is for everybody.

It is kept as it came. Each audience gets a chunk of its own of it, joined from frames
that are encoded once for all. No I/O here.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

from common.channels import reaches
from common.message import Page
from ws_server.addressing import Addressing
from ws_server.formats import Format
from ws_server.window import OVERHEAD, Chunk, Place, has_id


class Selection:
    """What live clients get of a `Mixed`: a `Chunk` without what only a full socket asks for."""

    __slots__ = ("_channels", "_piece", "_places", "after", "data", "upto")

    def __init__(
        self, piece: "Mixed", data: bytes, places: Sequence[int], channels: frozenset[str]
    ) -> None:
        self.after = piece.after
        self.upto = piece.upto
        self.data = data
        self._piece = piece
        self._places = places
        self._channels = channels

    def cut(self, sent: int) -> Place:
        """Where a client stands that took the bytes before `sent`."""
        return self._piece.chunk(self._places, self._channels).cut(sent)


class Mixed:
    """The messages after `after`, up to and with `upto` (log ids), in one format."""

    __slots__ = (
        "_epoch",
        "_format",
        "_frames",
        "_page",
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
        # About how many bytes of memory it takes: what came, and the frames made of it.
        self.cost = 2 * sum(map(len, page.contents)) + 4 * OVERHEAD * (len(page.ids) + 4)
        self._format = form
        self._epoch = epoch
        self._page = page
        self.addressing = addressing
        self._frames: list[bytes] | None = None
        self._special: dict[tuple[int, str], bytes] = {}  # Under other names than their first.

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it, whoever it is for."""
        return has_id(self._page.ids, id_)

    def ids_for(self, channels: frozenset[str]) -> list[bytes]:
        """The ids of the messages for whoever listens to these channels."""
        ids = self._page.ids
        return [ids[place] for place in self.addressing.places(channels)]

    def select(self, channels: frozenset[str]) -> Chunk:
        """The frames of the messages for whoever listens to these channels; perhaps none."""
        return self.chunk(self.addressing.places(channels), channels)

    def selection(self, places: Sequence[int], channels: frozenset[str]) -> Selection:
        """The messages at these places, for whoever listens to these channels."""
        if len(places) == 1:
            data = self._frame(places[0], channels)
        else:
            data = b"".join([self._frame(place, channels) for place in places])
        return Selection(self, data, places, channels)

    def chunk(self, places: Sequence[int], channels: frozenset[str]) -> Chunk:
        """The same, with the place of each frame."""
        frames = [self._frame(place, channels) for place in places]
        ends = array("Q", accumulate(map(len, frames)))
        ids = self._page.ids
        return Chunk(self.after, self.upto, b"".join(frames), [ids[at] for at in places], ends)

    def _frame(self, place: int, channels: frozenset[str]) -> bytes:
        frames = self._frames
        if frames is None:
            # All of them at once: that takes a fraction of the time, even if few are wanted.
            frames = self._frames = self._format.messages(self._epoch, self._page, self._names())
        names = self._page.addresses[place] if self._page.addresses else ()
        if len(names) < 2 or not self._format.shows_channel:
            return frames[place]
        # Nobody is told of channels of others.
        return self._named(place, next(name for name in names if reaches(name, channels)))

    def _names(self) -> list[str | None]:
        return [names[0] if names else None for names in self._page.addresses or ()]

    def _named(self, place: int, name: str) -> bytes:
        found = self._special.get((place, name))
        if found is None:
            page = Page([self._page.ids[place]], [self._page.contents[place]])
            (found,) = self._format.messages(self._epoch, page, [name])
            self._special[place, name] = found
        return found
