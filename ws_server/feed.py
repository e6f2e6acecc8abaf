"""The log as this process sees it: its head, the recent chunks, and pages of what is older.

Encoding happens here, once for all clients. It sends nothing, and asks Redis only
for what the window no longer holds, once for all who are behind at the same place.
"""

from array import array
from collections import OrderedDict
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from common.message import Page, parse_id
from ws_server.frames import text_frames
from ws_server.window import Chunk, Window

CHUNK_MESSAGES = 500
CHUNK_BYTES = 256 * 1024
PAGES = 8  # Pages of older messages kept for the next client that is behind at the same place.


class History(Protocol):
    """The reading half of `common.broker.Broker` for what is older."""

    def read_between(self, after: int, upto: int, count: int) -> tuple[Page, bool]:
        """Messages after one id up to another, and whether none is missing."""


class Gap(Exception):
    """The log no longer holds what a client needs next."""


class Feed:
    """What there is to send after any cursor."""

    def __init__(self, history: History, prefix: str, window_bytes: int) -> None:
        self.head = 0
        self._history = history
        self._prefix = prefix.encode()
        self._window = Window(window_bytes)
        self._pages: OrderedDict[int, Chunk] = OrderedDict()

    def append(self, page: Page) -> Iterator[Chunk]:
        """Add new messages at the head, chunk by chunk, the head moving with each."""
        for part in _cut(page):
            chunk = self._encode(self.head, parse_id(part.ids[-1]), part)
            self._window.add(chunk)
            self.head = chunk.upto
            yield chunk

    def rewind(self, head: int) -> None:
        """Forget all that was read, and go on after `head`."""
        self.head = head
        self._window.clear()
        self._pages.clear()

    def next_chunk(self, cursor: int) -> Chunk | None:
        """A chunk that has what follows `cursor`; None at the head.

        Reads Redis only where memory ends.

        Raises:
            Gap: the log has forgotten what follows.
            QueueUnavailable: Redis did not answer.
        """
        if cursor == self.head:
            return None
        return self._window.find(cursor) or self._pages.get(cursor) or self._read_page(cursor)

    def _read_page(self, cursor: int) -> Chunk:
        upto = self._window.start(self.head)
        page, complete = self._history.read_between(cursor, upto, CHUNK_MESSAGES)
        if not complete:
            raise Gap
        part = next(_cut(page), page)
        is_all = len(part.ids) == len(page.ids) < CHUNK_MESSAGES
        last = parse_id(part.ids[-1]) if part.ids else cursor
        if is_all and last != upto:
            raise Gap  # There was a message `upto`: a Redis that has lost it has lost others.
        chunk = self._encode(cursor, last, part)
        self._pages[cursor] = chunk
        if len(self._pages) > PAGES:
            self._pages.popitem(last=False)
        return chunk

    def _encode(self, after: int, upto: int, page: Page) -> Chunk:
        frames = text_frames(self._prefix, page.contents)
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
