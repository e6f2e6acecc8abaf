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


class Mixed:
    """The messages after `after`, up to and with `upto` (log ids), in one format."""

    __slots__ = (
        "_addresses",
        "_epoch",
        "_format",
        "_frames",
        "_has_one_name",
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
        self._addresses = page.addresses or [()] * len(page.ids)
        # Whether all listeners see each message under the same name, if under any.
        self._has_one_name = not form.shows_channel or max(map(len, self._addresses)) < 2
        self._frames: list[bytes] = []
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
        return self._chunk(self.addressing.places(channels), channels)

    def data(self, places: Sequence[int], channels: frozenset[str]) -> bytes:
        """The messages at these places, for whoever listens to these channels."""
        frames = self._frames_at(places, channels)
        return frames[0] if len(frames) == 1 else b"".join(frames)

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
        names = self._addresses[place]
        if len(names) < 2:
            return (self._frames or self._encode())[place]
        name = next(name for name in names if reaches(name, channels))
        found = self._special.get((place, name))
        if found is None:
            page = Page([self._page.ids[place]], [self._page.contents[place]])
            (found,) = self._format.messages(self._epoch, page, [name])
            self._special[place, name] = found
        return found
