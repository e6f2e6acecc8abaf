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
from ws_server.window import OVERHEAD, Chunk, has_id


class Mixed:
    """The messages after `after`, up to and with `upto` (log ids), in one format."""

    __slots__ = ("_epoch", "_format", "_frames", "_page", "addressing", "after", "cost", "upto")

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
        self._frames: dict[tuple[int, str | None], bytes] = {}

    def has(self, id_: int) -> bool:
        """Whether the message with this id is in it, whoever it is for."""
        return has_id(self._page.ids, id_)

    def ids_for(self, channels: frozenset[str]) -> list[bytes]:
        """The ids of the messages for whoever listens to these channels."""
        ids = self._page.ids
        return [ids[place] for place in self.addressing.places(channels)]

    def select(self, channels: frozenset[str]) -> Chunk:
        """The frames of the messages for whoever listens to these channels; perhaps none."""
        places = self.addressing.places(channels)
        frames = [self._frame(place, channels) for place in places]
        ids = self._page.ids
        ends = array("Q", accumulate(map(len, frames)))
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        return Chunk(self.after, self.upto, data, [ids[place] for place in places], ends)

    def _frame(self, place: int, channels: frozenset[str]) -> bytes:
        name = self._name(place, channels)
        frame = self._frames.get((place, name))
        if frame is None:
            page = Page([self._page.ids[place]], [self._page.contents[place]])
            (frame,) = self._format.messages(self._epoch, page, [name])
            self._frames[place, name] = frame
        return frame

    def _name(self, place: int, channels: frozenset[str]) -> str | None:
        """Under which of its names a message comes: nobody is told of channels of others."""
        names: Sequence[str] = (self._page.addresses or ())[place]
        if not names or not self._format.shows_channel:
            return None
        if len(names) == 1:
            return names[0]
        return next(name for name in names if reaches(name, channels))
