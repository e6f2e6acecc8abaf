"""A message of this process to itself, each second: through list, log, hub and a pair of sockets.

It comes back as long as messages reach clients. A process that does not hear it says so at
`/readyz`; one that is the only one, or whose Redis is well, ends, so that another takes its place.
"""

import logging
import secrets
from functools import partial
from time import monotonic
from typing import Protocol

import gevent

from common.errors import QueueUnavailable
from common.loops import repeat
from common.message import Mark
from common.metrics.numbers import Buckets, Numbers
from common.page import Page
from common.serving.siblings import Seat
from common.store.canaries import Canaries
from common.store.log import Log
from ws_server.loopback import Loopback

log = logging.getLogger(__name__)

EVERY = 1.0  # Seconds between two.
PATIENCE = 5.0  # Seconds without one after which a process is deaf,
SPARE = 4.0  # and so many more than settles are apart.
DEAF_SECONDS = 30.0  # After so many it ends. No turn of the event loop is missing then.
USUAL = 3  # And not before it has taken so many times as long as a canary ever did.
STOOD_STILL = 2.0  # Seconds without a turn of the event loop that are told.


class Relaying(Protocol):
    """What is asked of the service that the canary watches over."""

    @property
    def is_relaying(self) -> bool:
        """Whether messages are to reach clients at all."""

    @property
    def mark(self) -> Mark:
        """The last message that has reached them."""


class Canary:
    """`interval`: seconds between two settles at the most."""

    def __init__(
        self, canaries: Canaries, source: Log, relaying: Relaying, interval: float
    ) -> None:
        self.seat = Seat.alone()  # This worker's, from which it sees the others.
        self.missed = 0  # So many have not come back in time.
        self.is_deaf = False  # For so long that it should end.
        self.times = Buckets("canary_seconds")  # Of those that have come back.
        self._canaries = canaries
        self._relaying = relaying
        self._open_loopback = partial(Loopback, source, self._hear)
        self._patience = max(PATIENCE, interval + SPARE)
        self._late = interval + SPARE / 2  # Seconds after which it is pushed again.
        self._most_rounds = round((DEAF_SECONDS + self._patience - PATIENCE) / EVERY)
        self._name = secrets.token_hex(8)
        self._loopback = self._open_loopback()
        self._canary = b""  # What is under way.
        self._number = 0
        self._sent = 0.0
        self._is_taken = False  # By Redis.
        self._push_under_way: gevent.Greenlet[[bytes], None] | None = None
        self._mark = relaying.mark
        self._deaf_rounds = 0
        self._most_usual: int | None = None  # Deaf rounds after which one came back all the same.
        self._is_missing = False
        self._is_stopped = False
        canaries.on_page = self._publish

    def count_in(self, numbers: Numbers) -> None:
        """Let them be shown."""
        numbers.add("canary_seconds", lambda: self.times)
        numbers.add("canary_missed_total", lambda: self.missed)

    def problem(self) -> str | None:
        """Why this process, or another one at its port, is not ready."""
        return self.seat.problem()

    def is_missing(self) -> bool:
        """Whether none has come back to this process in time."""
        return self.seat.is_deaf(monotonic())

    def run(self) -> bool:
        """Send one after the other, until the stop; or until this process should end: True."""
        repeat("a canary flies", self._wait_and_look, self._goes_on)
        return self.is_deaf

    def stop(self) -> None:
        """The process ends; nobody waits for its canary any more."""
        self._is_stopped = True
        self._canaries.rest()
        self.seat.say_nothing()
        self._loopback.close()

    def look(self, now: float) -> None:
        """See whether the last one has come back, and send another if it is time."""
        if not self._relaying.is_relaying:
            self._canary = b""
            self.seat.hear_nothing()
            return
        if not self._canary:
            if not self._number:
                self.seat.hear(now, self._patience)  # From now on it may be missed.
            self._send_next(now)
            return
        self._judge(now)
        if now - self._sent > self._patience:
            self._miss(now - self._sent)
            self._loopback.close()
            self._loopback = self._open_loopback()
            self._send_next(now)
        elif not self._is_taken or now - self._sent > self._late:
            self._push()

    def _wait_and_look(self) -> None:
        began = monotonic()
        gevent.sleep(EVERY)
        now = monotonic()
        if now - began > EVERY + STOOD_STILL:
            log.warning(
                "This process stood still for %.1f s, with all its clients: a hook computes, or "
                "waits in a library that gevent does not know; or the machine was busy",
                now - began - EVERY,
            )
        if self._goes_on():
            self.look(now)

    def _goes_on(self) -> bool:
        return not (self._is_stopped or self.is_deaf)

    def _send_next(self, now: float) -> None:
        self._number += 1
        self._canary, self._sent = f"{self._name}-{self._number}.".encode(), now
        self._push()

    def _push(self) -> None:
        """Begin to, unless Redis still has to answer the push before: what is late is seen now."""
        self._is_taken = False
        if self._push_under_way is None or self._push_under_way.dead:
            self._push_under_way = gevent.spawn(self._await_push, self._canary)

    def _await_push(self, canary: bytes) -> None:
        try:
            self._canaries.push(canary)
        except QueueUnavailable as problem:
            log.debug("Redis has not taken a canary: %s", problem.reason)
        else:
            self._is_taken = canary == self._canary

    def _miss(self, seconds: float) -> None:
        self.missed += 1
        if not self._is_missing:
            why = "no message reaches the clients" if self._is_taken else "Redis has not taken it"
            why = self._canaries.problem or why
            log.warning("A canary has not come back for %.0f s: %s", seconds, why)
        self._is_missing = True

    def _publish(self, page: Page) -> None:
        """Of the canaries that a settle has brought, ours."""
        if self._canary in page.contents:
            at = page.contents.index(self._canary)
            mine = Page([page.ids[at]], [self._canary])
            gevent.spawn(self._loopback.publish, mine)  # Whatever it does, the relay goes on.

    def _hear(self, data: bytes) -> None:
        if not self._canary or self._canary not in data:
            return
        now = monotonic()
        self.times.note(now - self._sent)
        self._canary = b""
        self._most_usual = max(self._most_usual or 0, self._deaf_rounds)
        self._deaf_rounds = 0
        self._canaries.rest()
        if self._is_missing:
            log.info("A canary has come back")
        self._is_missing = False
        self.seat.hear(now, self._patience)

    def _judge(self, now: float) -> None:
        """Whether this process is deaf, not Redis, and not the canaries' keys alone.

        Rounds are counted, not time: after a stop of the machine nobody is deaf. And nobody is
        who never heard one: its `Worker` has ideas of its own, and a new process would, too.
        """
        mark, before = self._relaying.mark, self._mark
        self._mark = mark
        redis_is_well = self._is_taken and not self._canaries.problem
        is_ours = redis_is_well or self.seat.others_hear(now)
        self._deaf_rounds = self._deaf_rounds + 1 if is_ours and mark == before else 0
        usual = self._most_usual
        most = None if usual is None else max(self._most_rounds, USUAL * usual)
        self.is_deaf = most is not None and self._deaf_rounds > most
