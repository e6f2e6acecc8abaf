"""From the queue to the log, and from the log to the hub.

Each process settles (atomic, so every message is settled once) and each reads
the whole log, so every connection of each gets every message. It waits for
Redis when Redis is away, and says so once, not at every try.
"""

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.message import Mark
from common.outage import Outage
from common.store.log import SETTLE_MESSAGES, Log
from common.store.log_state import LogState, Settled
from ws_server.clients.hub import Hub
from ws_server.relay.beginnings import Beginnings
from ws_server.relay.pages import Pages, Part

log = logging.getLogger(__name__)

# Settled and not yet sent. Who settled faster than everybody reads would push messages out of the
# log unread: HISTORY_SIZE must hold so many of each process.
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
        self._rejected = 0
        self.beginnings = Beginnings(source, hub, self._look_for_a_loss)
        self._stopping = False
        self._unread = 0
        self._problem: QueueUnavailable | None = None  # Of the last settle.
        self._lost = -inf  # When Redis had lost messages last.
        self._may_settle = Event()
        self._may_settle.set()
        self._settling = BoundedSemaphore()
        self._publishing = BoundedSemaphore()
        self._pages = Pages(source)
        self.is_ready = False  # The head is known: connections may join.

    @property
    def is_connected(self) -> bool:
        """Whether Redis answered last time."""
        return self.is_ready and not self._outage.is_on

    def find_head(self) -> bool:
        """Learn where the log ends: what follows will be sent. False if Redis does not say."""
        try:
            state = self._source.look()
            self.beginnings.note(state)
            self._hub.rewind(Mark(state.epoch, state.last), kept=state.last)
            self._outage.note("settling", None)
            self.is_ready = True
        except QueueUnavailable as problem:
            self._outage.note("settling", problem)
        return self.is_ready

    def wait_for_head(self) -> None:
        """Try `find_head` until Redis answers."""
        pause = FIRST_PAUSE
        while not self.find_head():
            pause = _sleep_longer(pause)

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
        """Send what enters the log, as it enters, until stopped: the other half of instant."""
        self._repeat("reading", self._read_when_settled)

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

    def _look_for_a_loss(self) -> None:
        known = self._hub.mark
        state = self._source.look(known)
        with self._publishing:
            self._follow(known, state)

    def _repeat(self, who: str, action: Callable[[], QueueUnavailable | None]) -> None:
        pause = FIRST_PAUSE
        while not self._stopping:
            try:
                self._outage.note(who, action())
                pause = FIRST_PAUSE
            except QueueUnavailable as problem:
                self._outage.note(who, problem)
                pause = _sleep_longer(pause)
            except Exception:
                log.exception("The relay failed (%s); going on", who)
                pause = _sleep_longer(pause)

    def _read_when_settled(self) -> None:
        self._read(LONGEST_BLOCK)

    def _settle_when_pushed(self, longest_wait: float) -> QueueUnavailable | None:
        if not self._may_settle.wait(LONGEST_BLOCK):
            return self._problem  # Still.
        with self._settling:
            known = self._hub.mark
            with self._noting_failure():
                settled = self._source.settle_and_wait(known, longest_wait)
            self._count_rejected(settled)
        self._note_settled(settled.moved)
        with self._publishing:
            self._follow(known, settled.log)
        self._problem = _problem_of(settled)
        return self._problem

    def _settle_and_send(self) -> bool:
        """One settle and the page that it made; whether there is more to do."""
        if not self._may_settle.is_set():
            self._read(None)
            return True
        with self._settling, self._publishing:
            known, most = self._hub.mark, self._pages.most
            with self._noting_failure():
                settled, page = self._source.settle_and_read(known, most)
            part = self._pages.note(page, most)
            self._count_rejected(settled)
            if not self._follow(known, settled.log):
                return True
            self._hub.publish(page)
        if self._note_read(part):
            return True
        self._problem = _problem_of(settled)
        return settled.waiting > 0

    def _read(self, block_seconds: float | None) -> bool:
        """Send one page of what is new; whether there may be more."""
        known = self._hub.mark
        part = self._pages.take_ahead(known)
        is_newest = part is None
        if part is None:
            # Not under the lock: it is not fair, and a loop that blocks here would keep it for
            # ever. While nothing is settled, nothing may come for which to wait.
            may_block = self._may_settle.is_set()
            part = self._pages.read(known, block_seconds if may_block else None)
        else:
            gevent.sleep(0)  # Whoever else wants the lock has its turn, too.
        state = self._source.look(known) if self._pages.in_doubt else None
        with self._publishing:
            if self._hub.mark != known:
                return True  # Somebody else was first: read again from there.
            if state is not None:
                self._pages.in_doubt = False
                if not self._follow(known, state):
                    return True
            self._pages.read_ahead(part, known.epoch)
            self._hub.publish(part.page)
        # What was read ahead is no newer than the page before: it says nothing of the end.
        return self._note_read(part) if is_newest else True

    def _note_settled(self, moved: int) -> None:
        self._unread += moved
        if self._unread >= MOST_UNREAD:
            self._may_settle.clear()

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except QueueUnavailable as problem:
            # It may have been done, and what failed was to read, or only the answer was lost.
            self._problem = problem
            self._note_settled(SETTLE_MESSAGES)
            raise

    def _note_read(self, part: Part) -> bool:
        """Whether there may be more in the log; until that is read, nothing is added to it."""
        if part.is_full:
            self._may_settle.clear()
            return True
        self._unread = 0
        self._may_settle.set()
        return False

    def _follow(self, known: Mark, state: LogState) -> bool:
        """Whether what was read after `known` can be sent: False if the log has lost messages.

        Ids only ever grow. Messages given one behind the head would never be read.
        """
        self.beginnings.note(state)
        if self._hub.mark.epoch != known.epoch:
            return False  # Noticed by the other half already.
        if state.epoch != known.epoch:
            log.error("Redis has lost messages that were in the log; going on with what is new")
            self.beginnings.forget()
            head = min(self._hub.mark.id, state.start)
            self._hub.rewind(Mark(state.epoch, head), kept=state.start)
            self._rest_between_losses()
            return False
        if self._hub.mark.id < state.floor - 1:
            log.error("The log has forgotten messages before this process read them (HISTORY_SIZE)")
            self._hub.rewind(Mark(state.epoch, state.floor - 1))
            return False
        return True

    def _rest_between_losses(self) -> None:
        """A Redis that keeps nothing would have everybody told of a thousand gaps a second."""
        if monotonic() - self._lost < 2 * LONGEST_BLOCK:
            gevent.sleep(LONGEST_BLOCK)
        self._lost = monotonic()

    def _count_rejected(self, settled: Settled) -> None:
        if settled.rejected:
            self._rejected += settled.rejected
            log.warning(
                "Set aside %d unreadable envelopes (%d in all), see the list %s; of the first, %s",
                settled.rejected,
                self._rejected,
                self._source.rejected_key,
                settled.reason,
            )


def _problem_of(settled: Settled) -> QueueUnavailable | None:
    """What failed beside what was done.

    Raises:
        QueueUnavailable: nothing was done, so to go on at once would be of no use.
    """
    if not settled.problem:
        return None
    problem = QueueUnavailable(settled.problem)
    if settled.waiting and not settled.moved and not settled.rejected:
        raise problem
    return problem


def _sleep_longer(pause: float) -> float:
    """Sleep about `pause` seconds; return the next pause. The jitter keeps processes apart."""
    gevent.sleep(pause * random.uniform(0.5, 1.5))
    return min(pause * 2, LONGEST_PAUSE)
