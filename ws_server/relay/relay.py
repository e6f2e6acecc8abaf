"""From the queue to the log, and from the log to the hub.

Each process settles: that is atomic, so every message is settled once. And each reads the whole
log, so every client of each process gets every message. While Redis is away, it waits for it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.loops import BackOff, repeat
from common.message import Mark
from common.outage import Outage
from common.store.log import SETTLE_MESSAGES, Log
from common.store.log_state import Settled
from ws_server.clients.hub import Hub
from ws_server.relay.beginnings import Beginnings
from ws_server.relay.loss import Losses
from ws_server.relay.pages import Pages

log = logging.getLogger(__name__)

# Messages that are settled and not yet sent. If a process settled faster than all of them read,
# the log would forget messages unread: HISTORY_SIZE must be so many for each process, and
# HISTORY_BYTES some settles of each.
MOST_UNREAD = 2000
FIRST_PAUSE = 0.1  # Seconds before Redis is tried again; doubled each time.
LONGEST_PAUSE = 2.0
LONGEST_BLOCK = 0.5  # Seconds in one blocking command; less than any sensible REDIS_TIMEOUT.


class Relay:
    """Keeps the hub at the head of the log."""

    def __init__(self, source: Log, hub: Hub) -> None:
        self._source = source
        self._hub = hub
        self._outage = Outage()
        self._stopping = False
        self._unread = 0
        self._problem: QueueUnavailable | None = None  # Of the last settle.
        self._may_settle = Event()
        self._may_settle.set()
        self._settling = BoundedSemaphore()
        self._is_behind = False  # There may be more to settle or to read at once.
        self._publishing = BoundedSemaphore()
        self._pages = Pages(source)
        self._losses = Losses(source, hub, self._publishing)
        self.beginnings = Beginnings(source, hub, self._losses)
        self.is_ready = False  # The head is known: connections may join.

    @property
    def is_connected(self) -> bool:
        """Whether Redis answered last time."""
        return self.is_ready and not self._outage.is_on

    def find_head(self) -> bool:
        """Learn where the log ends: what follows will be sent. False if Redis does not say."""
        try:
            self._find_head()
        except QueueUnavailable as problem:
            self._outage.note("settling", problem)
        return self.is_ready

    def wait_for_head(self) -> None:
        """Try `find_head` until Redis answers."""
        repeat(
            "the end of the log is looked for",
            self._find_head,
            lambda: not self.is_ready,
            back_off=BackOff(FIRST_PAUSE, LONGEST_PAUSE),
            report=partial(self._note_outage, "settling"),
        )

    def tick(self) -> None:
        """Settle and send everything that waits, in order; does nothing while Redis is away."""
        try:
            while not self._stopping and self._settle_and_send():
                pass
            self._outage.note("settling", self._problem)
        except QueueUnavailable as problem:
            self._outage.note("settling", problem)

    def run_settling(self, interval: float) -> None:
        """Settle what is pushed at once, at the latest after `interval` seconds, until stopped."""
        longest_wait = min(interval, LONGEST_BLOCK)
        self._repeat("settling", lambda: self._settle_when_pushed(longest_wait))

    def run_reading(self) -> None:
        """Send what other processes settle, until stopped: the other half of `instant`."""
        self._repeat("reading", self._read_when_settled)

    def stop(self) -> None:
        """Settle no more; send what is settled. What still waits stays in Redis, for others.

        Raises:
            QueueUnavailable: Redis is away, so nothing more can be sent.
        """
        self._stopping = True
        with self._settling:
            if settled := self._pages.end_settling():
                self._count(settled)
        while self.is_ready and self._read():
            pass

    def _find_head(self) -> None:
        self._losses.find_head()
        self._outage.note("settling", None)
        self.is_ready = True

    def _repeat(self, who: str, action: Callable[[], QueueUnavailable | None]) -> None:
        repeat(
            f"the relay is {who}",
            lambda: self._outage.note(who, action()),
            lambda: not self._stopping,
            back_off=BackOff(FIRST_PAUSE, LONGEST_PAUSE),
            report=partial(self._note_outage, who),
        )

    def _note_outage(self, who: str, problem: BaseException) -> bool:
        """Whether it is one: Redis does not answer."""
        if isinstance(problem, QueueUnavailable):
            self._outage.note(who, problem)
        return isinstance(problem, QueueUnavailable)

    def _read_when_settled(self) -> None:
        known = self._hub.mark
        if self._may_settle.is_set() and self._source.wait_after(known, LONGEST_BLOCK):
            # Nearly always this process has settled it: the other loop has it in hand, or sends it.
            gevent.sleep(0)
            with self._publishing:
                pass
        if self._hub.mark == known:
            self._read()

    def _settle_when_pushed(self, longest_wait: float) -> QueueUnavailable | None:
        wait, self._is_behind = None if self._is_behind else longest_wait, False
        self._is_behind = self._settle_and_send(wait)
        return self._problem

    def _settle_and_send(self, wait: float | None = None) -> bool:
        """One settle and the page that it made; whether there is more to do.

        `wait`: for something to settle, so many seconds at most.
        """
        if not self._may_settle.is_set():
            self._read()
            self._source.carry()
            return True
        with self._settling:
            with self._noting_failure():
                done = self._pages.settle(self._hub.mark, wait)
            self._count(done.settled)
            with self._publishing:
                if not self._losses.check(done.known, done.settled.log):
                    return True
                page = done.page.after(self._hub.mark.id)  # Perhaps some was sent meanwhile.
                if page and not done.is_full:
                    self._settle_ahead(done.settled, page.last)
                self._hub.publish(page)
        if self._note_read(is_full=done.is_full):
            return True
        self._problem = done.settled.failure()
        return done.settled.waiting > 0

    def _settle_ahead(self, settled: Settled, upto: int) -> None:
        """Let Redis settle more while a page is sent, if more waits now.

        If not, what is pushed during the fan-out would be sent in two pages instead of one.
        """
        if settled.waiting and not settled.problem and not self._stopping:
            self._pages.settle_ahead(Mark(self._hub.mark.epoch, upto))

    def _read(self) -> bool:
        """Send one page of what is new; whether there may be more."""
        known = self._hub.mark
        read = self._pages.take_ahead(known)
        is_newest = read is None
        if read is None:
            # Without the lock, which is not fair: a loop that waits here again and again would
            # never leave it to others.
            read = self._pages.read(known)
        else:
            gevent.sleep(0)  # Others that want the lock have their turn, too.
        state = self._source.look(known) if self._pages.in_doubt else None
        with self._publishing:
            if self._hub.mark != known:
                return True  # Another greenlet was first: read again, after what it has sent.
            if state is not None:
                self._pages.in_doubt = False
                if not self._losses.check(known, state):
                    return True
            self._pages.read_ahead(read, known.epoch)
            self._hub.publish(read.page)
        # What was read ahead is as old as the page before it: there may be more by now.
        return self._note_read(is_full=read.is_full) if is_newest else True

    def _note_settled(self, moved: int) -> None:
        self._unread += moved
        if self._unread >= MOST_UNREAD:
            self._may_settle.clear()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except QueueUnavailable as problem:
            # Perhaps it was settled all the same: only reading failed, or the answer was lost.
            self._problem = problem
            self._note_settled(SETTLE_MESSAGES)
            raise

    def _note_read(self, *, is_full: bool) -> bool:
        """Whether there may be more in the log; until that is read, nothing is added to it."""
        if is_full:
            self._may_settle.clear()
            return True
        self._unread = 0
        self._may_settle.set()
        return False

    def _count(self, settled: Settled) -> None:
        self._hub.tally.settled += settled.moved
        if settled.rejected:
            rejected = self._hub.tally.rejected
            rejected[settled.reason] += settled.rejected
            total = sum(rejected.values())
            log.warning(
                "Set aside %d unreadable envelopes (%d in all), see the list %s; of the first, %s",
                *(settled.rejected, total, self._source.rejected_key, settled.reason),
            )
