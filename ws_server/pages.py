"""Pages of the log, one after the other; the next is read while one is sent."""

from typing import Protocol

import gevent

from common.errors import QueueUnavailable
from common.message import Mark, Page, parse_id

READ_MESSAGES = 1000  # More than a settle moves: a page that is not full was the last.


class Log(Protocol):
    """The part of `common.broker.Broker` that reads what is new."""

    def read_after(
        self, known: Mark, count: int, block_seconds: float | None = None
    ) -> tuple[Page, bool]:
        """Messages after `known`, and whether they surely follow it."""


class Pages:
    """Reads for whoever sends; `in_doubt` stays until somebody has looked for a loss."""

    def __init__(self, source: Log) -> None:
        self.in_doubt = False  # What was read may not follow what was known.
        self._source = source
        # After what, and the greenlet that reads it.
        self._ahead: tuple[Mark, gevent.Greenlet[..., Page | QueueUnavailable]] | None = None

    def read(self, known: Mark, block_seconds: float | None) -> Page:
        """What follows `known` now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        page, is_sure = self._source.read_after(known, READ_MESSAGES, block_seconds)
        self.in_doubt = self.in_doubt or not is_sure
        return page

    def read_ahead(self, page: Page, epoch: str) -> None:
        """Let Redis look for what follows a page while that is sent; only if it was full."""
        if is_full(page):
            known = Mark(epoch, parse_id(page.ids[-1]))
            self._ahead = known, gevent.spawn(self._try_to_read, known)

    def take_ahead(self, known: Mark) -> Page | None:
        """What followed `known` when that was sent, if it was read; there may be more by now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != known:
            return None
        page = ahead[1].get()
        if isinstance(page, QueueUnavailable):
            raise page
        return page

    def _try_to_read(self, known: Mark) -> Page | QueueUnavailable:
        try:
            return self.read(known, None)
        except QueueUnavailable as problem:
            return problem


def is_full(page: Page) -> bool:
    """Whether there may be more."""
    return len(page.ids) == READ_MESSAGES
