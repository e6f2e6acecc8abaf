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

from common.message import Mark, Page, parse_id
from ws_server.formats import Format
from ws_server.window import Chunk, Window

CHUNK_MESSAGES = 500
CHUNK_BYTES = 256 * 1024
PAGES = 64  # Pages of older messages kept for the next client that is behind at the same place.


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
        self._history = history
        self._window = Window(window_bytes)
        self._pages: OrderedDict[int, Chunk] = OrderedDict()

    @property
    def mark(self) -> Mark:
        """The head, as clients know it."""
        return Mark(self.epoch, self.head)

    def append(self, page: Page) -> Iterator[Chunk]:
        """Add new messages at the head, chunk by chunk, the head moving with each."""
        for part in _cut(page):
            chunk = self._encode(self.head, parse_id(part.ids[-1]), part)
            self._window.add(chunk)
            self.head = chunk.upto
            yield chunk

    def skip(self, page: Page) -> None:
        """Let the head move past new messages that nobody wants now: nothing is encoded."""
        self.head = parse_id(page.ids[-1])
        self._window.clear()

    def rewind(self, mark: Mark) -> None:
        """Forget all that was read, and go on after `mark`."""
        self.epoch, self.head = mark.epoch, mark.id
        self._window.clear()
        self._pages.clear()

    def has(self, id_: int) -> bool:
        """Whether memory has the message with this id."""
        chunk = self._window.find(id_ - 1)
        return chunk is not None and chunk.has(id_)

    def newest(self, count: int) -> int | None:
        """The cursor before the newest `count` messages; None if memory does not go back so far."""
        return self._window.newest(count)

    def next_chunk(self, cursor: int) -> Chunk | None:
        """A chunk that has what follows `cursor`; None at the head, or beyond.

        Reads Redis only where memory ends.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer.
        """
        if cursor >= self.head:
            return None
        return self._window.find(cursor) or self._find_page(cursor) or self._read_page(cursor)

    def _find_page(self, cursor: int) -> Chunk | None:
        for page in reversed(self._pages.values()):
            if page.after <= cursor < page.upto:
                self._pages.move_to_end(page.after)
                return page
        return None

    def _read_page(self, cursor: int) -> Chunk:
        upto, epoch = self._window.start(self.head), self.epoch
        page, complete = self._history.read_between(cursor, upto, CHUNK_MESSAGES)
        if not complete:
            raise Gap
        part = next(_cut(page), page)
        is_all = len(part.ids) == len(page.ids) < CHUNK_MESSAGES
        last = parse_id(part.ids[-1]) if part.ids else cursor
        if is_all and last != upto:
            raise Gap  # There was a message `upto`: a Redis that has lost it has lost others.
        chunk = self._encode(cursor, last, part)
        if epoch == self.epoch:  # Or it is of a log that was lost meanwhile.
            self._pages[cursor] = chunk
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return chunk

    def _encode(self, after: int, upto: int, page: Page) -> Chunk:
        frames = self.format.messages(self.epoch, page)
        ends = array("Q", accumulate(map(len, frames)))
        return Chunk(after, upto, b"".join(frames), page.ids, ends)


def _cut(page: Page) -> Iterator[Page]:
    """Parts of `page` of about CHUNK_BYTES at most; one message at least in each."""
    start = size = 0
    for at, content in enumerate(page.contents):
        if at > start and (size + len(content) > CHUNK_BYTES or at - start == CHUNK_MESSAGES):
            yield Page(page.ids[start:at], page.contents[start:at])
            start, size = at, 0
        size += len(content)
    if start < len(page.ids):
        yield Page(page.ids[start:], page.contents[start:])
