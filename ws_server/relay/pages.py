"""Pages of the log, one after the other; the next is read while one is sent.

A page is bounded in bytes, too. Redis counts messages only, so how many are asked for is learned
from the pages before: few after a pause, when nobody knows how much has come, and never so many
that the longest ones ever seen would be too much.
"""

from time import monotonic
from typing import NamedTuple

import gevent

from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.log import Log

READ_MESSAGES = 1000  # More than a settle moves.
READ_BYTES = 2 * 1024 * 1024  # About as much as is wanted at once.
MOST_BYTES = 16 * 1024 * 1024  # If all were as long as the longest.
IDLE = 0.5  # Seconds without a page, after which nobody knows what has come.
FIRST_MESSAGES = (
    512  # Asked for then. More than a settle moves, too: one page, so one send to each.
)
GROWTH = 4


class Part(NamedTuple):
    """A page; if it is full, there may be more."""

    page: Page
    is_full: bool


class Pages:
    """Reads for whoever sends; `in_doubt` stays until somebody has looked for a loss."""

    def __init__(self, source: Log) -> None:
        self.in_doubt = False  # What was read may not follow what was known.
        self._source = source
        # After what, and the greenlet that reads it.
        self._ahead: tuple[Mark, gevent.Greenlet[..., Part | QueueUnavailable]] | None = None
        self._most = READ_MESSAGES
        self._longest = 1
        self._noted = monotonic()

    @property
    def most(self) -> int:
        """How many messages to ask for now."""
        if monotonic() - self._noted > IDLE:
            self._most = min(self._most, FIRST_MESSAGES)
        return self._most

    def note(self, page: Page, most: int) -> Part:
        """A page for which so many messages were asked; the next one is asked for by its size."""
        self._noted = monotonic()
        count, is_full = len(page.ids), len(page.ids) >= most
        if page:
            sizes = list(map(len, page.contents))
            self._longest = max(self._longest, *sizes)
            fitting = min(READ_BYTES * count // max(1, sum(sizes)), MOST_BYTES // self._longest)
            self._most = max(1, min(READ_MESSAGES, fitting, GROWTH * most if is_full else most))
        return Part(page, is_full)

    def read(self, known: Mark, block_seconds: float | None) -> Part:
        """What follows `known` now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        most = self.most
        page, is_sure = self._source.read_after(known, most, block_seconds)
        self.in_doubt = self.in_doubt or not is_sure
        return self.note(page, most)

    def read_ahead(self, part: Part, epoch: str) -> None:
        """Let Redis look for what follows a page while that is sent; only if it was full."""
        if part.is_full:
            known = Mark(epoch, part.page.last)
            self._ahead = known, gevent.spawn(self._try_to_read, known)

    def take_ahead(self, known: Mark) -> Part | None:
        """What followed `known` when that was sent, if it was read; there may be more by now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != known:
            return None
        part = ahead[1].get()
        if isinstance(part, QueueUnavailable):
            raise part
        return part

    def _try_to_read(self, known: Mark) -> Part | QueueUnavailable:
        try:
            return self.read(known, None)
        except QueueUnavailable as problem:
            return problem
