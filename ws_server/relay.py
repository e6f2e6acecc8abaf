"""From the queue to the log, and from the log to the hub.

Each process settles (atomic, so every message is settled once) and each reads
the whole log, so every connection of each gets every message. It waits for
Redis when Redis is away, and says so once, not at every try.
"""

import logging
import random
from collections.abc import Callable
from typing import Protocol

import gevent
from gevent.lock import BoundedSemaphore

from common.broker import Settled
from common.errors import QueueUnavailable
from common.message import Page
from common.outage import Outage
from ws_server.feed import Feed
from ws_server.hub import Hub

log = logging.getLogger(__name__)

READ_MESSAGES = 500
FIRST_PAUSE = 0.1  # Seconds before Redis is tried again; doubled each time.
LONGEST_PAUSE = 2.0
LONGEST_BLOCK = 0.5  # Seconds in one blocking command; less than any sensible REDIS_TIMEOUT.


class Log(Protocol):
    """The settling and reading half of `common.broker.Broker`."""

    def settle_and_read(self, cursor: int, count: int) -> tuple[Settled, Page]:
        """Move some items from the queue to the log; the messages of the log after an id."""

    def settle_and_wait(self, timeout: float) -> Settled:
        """Move some items from the queue to the log; then block until something is queued."""

    def last_id(self) -> int:
        """The newest id of the log."""

    def read_after(self, cursor: int, count: int, block_seconds: float | None = None) -> Page:
        """Messages after an id."""


class Relay:
    """Keeps the hub at the head of the log."""

    def __init__(self, source: Log, feed: Feed, hub: Hub) -> None:
        self._source = source
        self._feed = feed
        self._hub = hub
        self._outage = Outage()
        self._rejected = 0
        self._stopping = False
        self._settling = BoundedSemaphore()
        self._publishing = BoundedSemaphore()
        self.is_ready = False  # The head is known: connections may join.

    @property
    def is_connected(self) -> bool:
        """Whether Redis answered last time."""
        return self.is_ready and not self._outage.is_on

    def start(self) -> bool:
        """Learn where the log ends: what follows will be sent. False if Redis does not say."""
        try:
            self._feed.head = self._source.last_id()
            self._outage.note("settling", None)
            self.is_ready = True
        except QueueUnavailable as problem:
            self._outage.note("settling", problem)
        return self.is_ready

    def wait_for_start(self) -> None:
        """Try `start` until Redis answers."""
        pause = FIRST_PAUSE
        while not self.start():
            pause = _sleep_longer(pause)

    def tick(self) -> None:
        """Settle and send everything that waits, in order; does nothing while Redis is away."""
        try:
            if self._outage.is_on:
                self._check_log()
            while not self._stopping and self._settle_and_send():
                pass
            self._outage.note("settling", None)
        except QueueUnavailable as problem:
            self._outage.note("settling", problem)

    def run_settling(self, interval: float) -> None:
        """Settle what is pushed at once, at the latest after `interval` seconds, until stopped."""
        longest_wait = min(interval, LONGEST_BLOCK)
        self._repeat("settling", lambda: self._settle_when_pushed(longest_wait))

    def run_reading(self) -> None:
        """Send what enters the log, as it enters, until stopped: the other half of instant."""
        self._repeat("reading", lambda: self._read(LONGEST_BLOCK))

    def stop(self) -> None:
        """Settle no more; send what is settled. What still waits stays in Redis, for others.

        Raises:
            QueueUnavailable: Redis is away, so nothing more can be sent.
        """
        self._stopping = True
        with self._settling:
            pass
        while self.is_ready and self._read(None):
            pass

    def _repeat(self, who: str, action: Callable[[], object]) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            try:
                if self._outage.is_on:
                    self._check_log()
                action()
                self._outage.note(who, None)
                pause = FIRST_PAUSE
            except QueueUnavailable as problem:
                self._outage.note(who, problem)
                pause = _sleep_longer(pause)
            except Exception:
                log.exception("The relay failed (%s); going on", who)
                pause = _sleep_longer(pause)

    def _settle_when_pushed(self, longest_wait: float) -> None:
        with self._settling:
            head = self._feed.head
            settled = self._source.settle_and_wait(longest_wait)
            self._count_rejected(settled)
        self._notice_loss(settled, head)

    def _settle_and_send(self) -> bool:
        """One settle and the page that it made; whether there is more to do."""
        with self._settling, self._publishing:
            head = self._feed.head
            settled, page = self._source.settle_and_read(head, READ_MESSAGES)
            self._count_rejected(settled)
            self._hub.publish(page)
        if self._notice_loss(settled, head):
            return True
        return settled.waiting > 0 or len(page.ids) == READ_MESSAGES

    def _read(self, block_seconds: float | None) -> bool:
        """Send one page of what is new; whether there may be more."""
        head = self._feed.head
        # Not under the lock: it is not fair, and a loop that blocks here would keep it for ever.
        page = self._source.read_after(head, READ_MESSAGES, block_seconds)
        with self._publishing:
            if self._feed.head != head:
                return True  # Somebody else was first: read again from there.
            self._hub.publish(page)
        return len(page.ids) == READ_MESSAGES

    def _notice_loss(self, settled: Settled, head_before: int) -> bool:
        """Whether the log has gone backwards: data was lost, or another server's clock is behind.

        Ids only ever grow. Messages given one behind the head would never be read.
        """
        if not 0 < settled.first <= head_before:
            return False
        self._rewind(settled.first - 1)
        return True

    def _check_log(self) -> None:
        """After an outage: what others settle after a loss, `_notice_loss` does not see here."""
        last = self._source.last_id()
        if last < self._feed.head:
            self._rewind(last)

    def _rewind(self, head: int) -> None:
        with self._publishing:
            if head < self._feed.head:
                log.error("Redis has lost the end of the log; going on with what is new")
                self._hub.rewind(head)

    def _count_rejected(self, settled: Settled) -> None:
        if settled.rejected:
            self._rejected += settled.rejected
            log.warning(
                "Set aside %d unreadable envelopes (%d in all); see the list of rejected items",
                settled.rejected,
                self._rejected,
            )


def _sleep_longer(pause: float) -> float:
    """Sleep about `pause` seconds; return the next pause. The jitter keeps processes apart."""
    gevent.sleep(pause * random.uniform(0.5, 1.5))
    return min(pause * 2, LONGEST_PAUSE)
