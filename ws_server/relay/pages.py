"""Settles and reads the log page by page; the next page is settled and read while one is sent.

A page is bounded in bytes, too, but Redis can only be told a number of messages. So how many to
ask for is learned from the pages before: as many as would fit if they were as long as those, and
never so many that it would be too much if all were as long as the longest ever seen. After a
pause nobody knows how much has come, and few are asked for.
"""

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

import gevent

from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.log import Log
from common.store.log_state import Settled

READ_MESSAGES = 1000  # More than a settle moves.
READ_BYTES = 2 * 1024 * 1024  # About as much as is wanted at once.
MOST_BYTES = 16 * 1024 * 1024  # If all were as long as the longest.
IDLE = 0.5  # Seconds without a page, after which few are asked for.
# So few. More than a settle moves, all the same: it is one page then, and one send to each client.
FIRST_MESSAGES = 512
GROWTH = 4


class ReadPage(NamedTuple):
    """A page; if it is full, there may be more."""

    page: Page
    is_full: bool


class SettledPage(NamedTuple):
    """What one settle did, and what follows `known` in the log after it."""

    known: Mark
    settled: Settled
    page: Page
    is_full: bool


class Question(NamedTuple):
    """A settle that Redis was asked for: after what, for how many messages; and its answer."""

    known: Mark
    most: int
    answer: Callable[[], tuple[Settled, Page]]


class Pages:
    """`in_doubt`: what was read may not follow what was known. Whoever has looked clears it."""

    def __init__(self, source: Log) -> None:
        self.in_doubt = False
        self._source = source
        # After what, and the greenlet that reads it.
        self._ahead: tuple[Mark, gevent.Greenlet[..., ReadPage | QueueUnavailable]] | None = None
        self._question: Question | None = None  # The settle that is under way.
        self._most = READ_MESSAGES
        self._longest = 1
        self._learned = monotonic()

    @property
    def most(self) -> int:
        """How many messages to ask for now."""
        if monotonic() - self._learned > IDLE:
            self._most = min(self._most, FIRST_MESSAGES)
        return self._most

    def learn(self, sizes: list[int], most: int) -> bool:
        """Learn from a page how many messages to ask for next; whether the page was full.

        `sizes` are those of its messages, in bytes; `most` were asked for.
        """
        self._learned = monotonic()
        count, is_full = len(sizes), len(sizes) >= most
        if count:
            self._longest = max(self._longest, *sizes)
            fitting = min(READ_BYTES * count // max(1, sum(sizes)), MOST_BYTES // self._longest)
            self._most = max(1, min(READ_MESSAGES, fitting, GROWTH * most if is_full else most))
        return is_full

    def settle(self, known: Mark, wait: float | None = None) -> SettledPage:
        """One settle: the one that is under way, or another.

        `wait`: that other one waits for something to settle, so many seconds at most.

        Raises:
            QueueUnavailable: Redis did not answer. Perhaps it was settled all the same.
        """
        question, self._question = self._question or self._ask(known, wait), None
        settled, page = question.answer()
        is_full = self.learn(page.sizes, question.most)
        return SettledPage(question.known, settled, page, is_full)

    def settle_ahead(self, known: Mark) -> None:
        """Ask Redis for the next settle, while a page up to `known` is sent."""
        with suppress(QueueUnavailable):  # It will be asked again.
            self._question = self._ask(known, None)

    def end_settling(self) -> Settled | None:
        """Wait for the settle that is under way, if one is. What it has settled is in the log.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        question, self._question = self._question, None
        return None if question is None else question.answer()[0]

    def _ask(self, known: Mark, wait: float | None) -> Question:
        most = self.most
        return Question(known, most, self._source.ask_to_settle(known, most, wait))

    def read(self, known: Mark) -> ReadPage:
        """What follows `known` now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        most = self.most
        page, is_sure = self._source.read_after(known, most)
        self.in_doubt = self.in_doubt or not is_sure
        return ReadPage(page, self.learn(page.sizes, most))

    def read_ahead(self, read: ReadPage, epoch: str) -> None:
        """Ask Redis for what follows a page, while that is sent; only if the page was full."""
        if read.is_full:
            known = Mark(epoch, read.page.last)
            self._ahead = known, gevent.spawn(self._try_to_read, known)

    def take_ahead(self, known: Mark) -> ReadPage | None:
        """What was read ahead after `known`, if anything was; more may have come since then.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != known:
            return None
        read = ahead[1].get()
        if isinstance(read, QueueUnavailable):
            raise read
        return read

    def _try_to_read(self, known: Mark) -> ReadPage | QueueUnavailable:
        try:
            return self.read(known)
        except QueueUnavailable as problem:
            return problem
