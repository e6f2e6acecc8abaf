"""The log as this process sees it: its head, the recent chunks, and pages of what is older.

One feed for each format. Encoding happens here, once for all clients. It sends
nothing, and asks Redis only for what the window no longer holds, once for all who
are behind at the same place.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from common.message import KICK_MARK, Mark, Page, parse_id
from ws_server.addressing import Addressing, addressing_of
from ws_server.formats import Format
from ws_server.mixed import Mixed
from ws_server.window import Chunk, Piece, Window

CHUNK_MESSAGES = 500
CHUNK_BYTES = 256 * 1024
PAGES = 64  # Pages of older messages kept for the next client that is behind at the same place.
NO_CHANNELS: frozenset[str] = frozenset()
SELECTIONS = 64  # Chunks of audiences kept likewise.


class History(Protocol):
    """The reading half of `common.broker.Broker` for what is older."""

    def read_between(self, after: int, upto: int, count: int) -> tuple[Page, bool]:
        """Messages after one id up to another, and whether none is missing."""


class Gap(Exception):
    """The log no longer holds what a client needs next."""


class Feed:
    """What there is to send after any cursor, in one format."""

    def __init__(self, history: History, form: Format, window_bytes: int) -> None:
        self.format = form
        self.epoch = ""
        self.head = 0
        self.done = 0  # Everything up to here has been offered to every live client.
        self._history = history
        self._window = Window(window_bytes)
        self._pages: OrderedDict[int, Piece] = OrderedDict()
        self._selections: OrderedDict[tuple[Piece, frozenset[str]], Chunk] = OrderedDict()

    @property
    def mark(self) -> Mark:
        """The head, as clients know it."""
        return Mark(self.epoch, self.head)

    def append(self, part: Page, addressing: Addressing | None) -> Chunk | Mixed:
        """Add new messages at the head, a part as `cut` makes it."""
        piece = self._piece(self.head, parse_id(part.ids[-1]), part, addressing)
        self._window.add(piece)
        self.head = piece.upto
        return piece

    def skip(self, upto: int) -> None:
        """Let the head move past new messages that nobody wants now: nothing is encoded."""
        self.head = self.done = upto
        self._window.clear()
        self._selections.clear()

    def rewind(self, mark: Mark) -> None:
        """Forget all that was read, and go on after `mark`."""
        self.epoch = mark.epoch
        self._pages.clear()
        self.skip(mark.id)

    def has(self, id_: int) -> bool:
        """Whether memory has the message with this id."""
        piece = self._window.find(id_ - 1)
        return piece is not None and piece.has(id_)

    def newest(self, count: int, channels: frozenset[str] = NO_CHANNELS) -> int | None:
        """The cursor before the newest `count` messages for these channels.

        None if memory does not go back so far.
        """
        return self._window.newest(count, channels)

    def next_chunk(self, cursor: int, channels: frozenset[str] = NO_CHANNELS) -> Chunk | None:
        """A chunk that has what follows `cursor` for these channels; None at the head, or beyond.

        It may have no message at all. Reads Redis only where memory ends.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer.
        """
        if cursor >= self.head:
            return None
        piece = self._window.find(cursor) or self._find_page(cursor) or self._read_page(cursor)
        return piece if isinstance(piece, Chunk) else self._selected(piece, channels)

    def _selected(self, piece: Piece, channels: frozenset[str]) -> Chunk:
        chunk = self._selections.pop((piece, channels), None) or piece.select(channels)
        self._selections[piece, channels] = chunk
        if len(self._selections) > SELECTIONS:
            self._selections.popitem(last=False)
        return chunk

    def _find_page(self, cursor: int) -> Piece | None:
        for page in reversed(self._pages.values()):
            if page.after <= cursor < page.upto:
                self._pages.move_to_end(page.after)
                return page
        return None

    def _read_page(self, cursor: int) -> Piece:
        upto, epoch = self._window.start(self.head), self.epoch
        page, complete = self._history.read_between(cursor, upto, CHUNK_MESSAGES)
        if not complete:
            raise Gap
        part = next(cut(page), page)
        is_all = len(part.ids) == len(page.ids) < CHUNK_MESSAGES
        last = parse_id(part.ids[-1]) if part.ids else cursor
        if is_all and last != upto:
            raise Gap  # There was a message `upto`: a Redis that has lost it has lost others.
        piece = self._piece(cursor, last, part, addressing_of(part))
        if epoch == self.epoch:  # Or it is of a log that was lost meanwhile.
            self._pages[cursor] = piece
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return piece

    def _piece(
        self, after: int, upto: int, page: Page, addressing: Addressing | None
    ) -> Chunk | Mixed:
        if addressing is not None:
            return Mixed(self.format, self.epoch, after, upto, page, addressing)
        frames = self.format.messages(self.epoch, page)
        ends = array("Q", accumulate(map(len, frames)))
        return Chunk(after, upto, b"".join(frames), page.ids, ends)


def cut(page: Page) -> Iterator[Page]:
    """Parts of `page` of about CHUNK_BYTES at most; one message at least in each.

    A kick is the last of its part, so that what was pushed after it is sent after it.
    """
    kicked = _places_after_kicks(page)
    start = size = 0
    for at, content in enumerate(page.contents):
        is_full = size + len(content) > CHUNK_BYTES or at - start == CHUNK_MESSAGES
        if at > start and (is_full or at in kicked):
            yield _part(page, start, at)
            start, size = at, 0
        size += len(content)
    if start < len(page.ids):
        yield _part(page, start, len(page.ids)) if start else page


def _places_after_kicks(page: Page) -> set[int]:
    addresses = page.addresses or ()
    return {
        at + 1 for at, names in enumerate(addresses) if names and names[0].startswith(KICK_MARK)
    }


def _part(page: Page, start: int, end: int) -> Page:
    addresses = page.addresses[start:end] if page.addresses else None
    if addresses and not any(addresses):
        addresses = None  # All of this part is for everybody.
    return Page(page.ids[start:end], page.contents[start:end], addresses)
