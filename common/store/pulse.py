"""What a process says of itself every few seconds: its kind, its age, its memory, its figures.

Counters only ever grow, so whoever counts needs to know nothing of it; rates are made here. While
Redis is away nothing is said, and nobody is disturbed.
"""

import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, time
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.loops import repeat
from common.store.beats import Beats
from common.store.queue_age import QueueAge
from common.version import running_version

log = logging.getLogger(__name__)

EVERY = 2.0  # Seconds.
LAST_WORD = 1.0  # Seconds for Redis to forget a process that ends.
STATM = Path("/proc/self/statm")  # Of Linux.

Figures = Callable[[], Mapping[str, Any]]  # What is so now.
Counters = Callable[[], Mapping[str, int]]  # What has been counted since the start.


class Pulse:
    """`queue_age` learns by each beat how old the queue is."""

    def __init__(self, beats: Beats, kind: str, figures: Figures, counters: Counters) -> None:
        self.process = secrets.token_hex(8)
        self.queue_age = QueueAge()
        self._beats = beats
        self._figures = figures
        self._counters = counters
        self._began = monotonic()
        self._then, self._counted = self._began, dict(counters())
        self._rates = dict.fromkeys(self._counted, 0.0)
        self._is_away = self._stopped = False
        self._talking = BoundedSemaphore()  # A beat under way must not come after the last word.
        self._fixed = {
            "kind": kind,
            "version": running_version(),
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started": round(time() * 1000),
        }

    def run(self) -> None:
        """Beat until the stop."""
        repeat("the pulse beats", self._beat_and_wait, lambda: not self._stopped)

    def stop(self) -> None:
        """The process ends, and is known no more."""
        self._stopped = True
        try:
            with gevent.Timeout(LAST_WORD, QueueUnavailable("no answer in time")), self._talking:
                self._beats.leave(self.process)
        except QueueUnavailable as problem:
            log.debug("Known until its last beat counts no more: %s", problem.reason)

    def beat(self, now: float) -> None:
        """Say how it is at a time of the monotonic clock."""
        self._measure(now)
        try:
            self.queue_age.note(self._beats.beat(self.process, self.say(now)))
        except QueueUnavailable as problem:
            self._note(problem)
        else:
            self._note(None)

    def say(self, now: float) -> dict[str, Any]:
        """What is said, also while Redis is away."""
        return {
            **self._fixed,
            "uptime": round(now - self._began, 1),
            "memory": memory_in_use(),
            "rates": self._rates,
            **self._figures(),
        }

    def _beat_and_wait(self) -> None:
        with self._talking:
            if not self._stopped:
                self.beat(monotonic())
        gevent.sleep(EVERY)

    def _measure(self, now: float) -> None:
        counted, seconds = dict(self._counters()), now - self._then
        if seconds > 0:
            self._rates = {
                name: round((count - self._counted.get(name, 0)) / seconds, 1)
                for name, count in counted.items()
            }
            self._then, self._counted = now, counted

    def _note(self, problem: QueueUnavailable | None) -> None:
        """One log line when it cannot be said; the end of an outage is told by others."""
        was_away, self._is_away = self._is_away, problem is not None
        if problem is not None and not was_away:
            log.warning("Not said for /stats: %s", problem.reason)


def memory_in_use() -> int | None:
    """Bytes of memory that this process takes now; None where the system does not tell."""
    try:
        pages = int(STATM.read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
