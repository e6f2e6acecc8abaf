"""Pieces of a format in which a message has a frame for each of its channels. No I/O here.

A client gets those of the channels that it listens to, one after the other. Each is encoded once.
"""

from collections.abc import Callable, Sequence

from common.page import Page
from ws_server.log import pieces
from ws_server.log.chunk import OVERHEAD
from ws_server.log.pieces import Mixed, Piece
from ws_server.wire.formats import Format


class ByChannel(Mixed):
    """Messages of which some are for several channels."""

    __slots__ = ("_by_place",)

    def __init__(self, form: Format, epoch: str, after: int, upto: int, page: Page) -> None:
        super().__init__(form, epoch, after, upto, page)
        # Of messages for several channels, the frame for each of these, in their order.
        self._by_place: dict[int, Sequence[bytes]] = {}

    def _frame_at(self, place: int, channels: frozenset[str]) -> bytes:
        names = self._recipients[place]
        if len(names) < 2:
            return (self._frames or self._encode())[place]
        frames = self._by_place.get(place)
        if frames is None:
            frames = self._by_place[place] = self._frames_for(place, names)
        pairs = zip(names, frames, strict=True)
        return b"".join(frame for name, frame in pairs if name in channels)

    def _frames_for(self, place: int, names: Sequence[str]) -> Sequence[bytes]:
        count = len(names)
        events = self._events and [self._events[place]] * count
        page = Page([self._ids[place]] * count, [self._contents[place]] * count, events=events)
        frames = self._format.messages(self._epoch, page, names)
        self._grow(sum(map(len, frames)) + OVERHEAD * count)
        return frames


def maker_of(form: Format) -> Callable[[Format, str, int, int, Page], Piece]:
    """What makes a piece of a page in this format."""
    return _piece_of if form.has_frame_by_channel else pieces.piece_of


def _piece_of(form: Format, epoch: str, after: int, upto: int, page: Page) -> Piece:
    if page.recipients is None:
        return pieces.piece_of(form, epoch, after, upto, page)
    return ByChannel(form, epoch, after, upto, page)
