"""The end of the log as it grows, read once for all who watch it in this process.

It reads only while somebody watches, and keeps a bounded number of the newest stretches. Who is
further back reads by itself. It sends nothing.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import QueueUnavailable
from common.message import Mark
from http_api.watching.history import Archive
from http_api.watching.stretch import Stretch

NO_WAIT = 0.001
LONGEST_WAIT = 0.5  # Seconds in one blocking command; less than any sensible REDIS_TIMEOUT.
ROUND = 0.1  # Seconds from one read to the next: what comes meanwhile is read together.
AFTER_FAILURE = 1.0
KEPT = 32  # Stretches, of some 256 KiB at the most.
TOLD_AT_ONCE = KEPT // 4  # Stretches that are read before those who watch are woken.


class Tail:
    """`head` is after the newest message that was read; None while nothing is known."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._changed = threading.Condition()
        self._kept: deque[Stretch] = deque(maxlen=KEPT)
        self._untold = 0
        self.is_behind = False  # The log seems to have more already.
        self._watching = 0
        self._reader: threading.Thread | None = None
        self._stopping = threading.Event()
        self.head: Mark | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether nobody is to watch any more."""
        return self._stopping.is_set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """It is read while this lasts."""
        with self._changed:
            self._watching += 1
            if self._reader is None:
                self._reader = threading.Thread(target=self._run, name="tail", daemon=True)
                self._reader.start()
        try:
            yield
        finally:
            with self._changed:
                self._watching -= 1

    def stop(self) -> None:
        """Nobody is to watch any more."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Wait until nothing is read any more."""
        reader = self._reader
        if reader is not None:
            reader.join(seconds)

    def find(self, mark: Mark) -> Stretch | None:
        """What is kept and has what follows a place."""
        for stretch in reversed(self._kept):
            after, upto = stretch.after, stretch.upto
            if after.epoch == mark.epoch and after.id <= mark.id < upto.id:
                return stretch
        return None

    def wait(self, head: Mark | None, seconds: float) -> None:
        """Wait until the head is another than this one, or for the stop."""
        with self._changed:
            if self.head == head and not self.is_stopped:
                self._changed.wait(seconds)

    def _run(self) -> None:
        while self._is_wanted():
            try:
                pause = self._step()
            except QueueUnavailable:
                pause = AFTER_FAILURE
            self._stopping.wait(pause)

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._watching and not self.is_stopped:
                return True
            self._reader = None
            # Whoever comes next must not take it for new.
            self._kept.clear()
            self.head = None
            self.is_behind = False
            return False

    def _step(self) -> float:
        """Read what is new; how long to pause then."""
        head = self.head
        if head is None:
            self._move(self._archive.head(), None)
            return 0.0 if self.head else LONGEST_WAIT
        was_behind = self.is_behind
        stretch = self._archive.wait(head, NO_WAIT if was_behind else LONGEST_WAIT)
        if stretch is not None and not stretch.missing and stretch.upto == head:
            self._reach_end()
            return ROUND if was_behind else 0.0
        self._move(None if stretch is None else stretch.upto, stretch)
        return 0.0 if self.is_behind else ROUND

    def _move(self, head: Mark | None, stretch: Stretch | None) -> None:
        with self._changed:
            if stretch is None or stretch.missing:
                self._kept.clear()
            if stretch is not None:
                self._kept.append(stretch)
            self.head = head
            self.is_behind = stretch is not None and not stretch.is_end
            self._untold += 1
            if not self.is_behind or self._untold == TOLD_AT_ONCE:
                self._wake()

    def _reach_end(self) -> None:
        """What was read last was all, though nobody could know."""
        with self._changed:
            self.is_behind = False
            if self._untold:
                self._wake()

    def _wake(self) -> None:
        self._untold = 0
        self._changed.notify_all()
