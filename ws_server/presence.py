"""Tells Redis who is connected to this process.

What has changed is written every half a second, or soon if somebody waits for it, as it is then: so
it is right to try again.
While Redis is away nothing is lost: the next round writes the difference, or everything. Nothing
is asked of Redis before the first client with a user or a channel. `ws_server.counts` does the
counting.
"""

import logging
from time import monotonic

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.loops import repeat
from common.outage import Unwritten
from common.store.presence import LEASE, PresenceWriter
from ws_server.counts import RETURN_SECONDS, Counts

log = logging.getLogger(__name__)

ROUND = 0.5  # Seconds between two rounds.
GATHER = 0.02  # Seconds, if somebody waits: others may come with it.
RENEW = 2.0  # Seconds after which even a process in which nothing changes writes.
MOST_CHANGES = 500  # In one write.


class Presence:
    """Writes what has changed in `counts`."""

    def __init__(self, writer: PresenceWriter) -> None:
        self.counts = Counts()
        self._writer = writer
        self._is_known = False  # Whether Redis may have something of us.
        self._renewal = 0.0  # When it is due.
        self._right = monotonic()  # When Redis had all of it last.
        self._writing = BoundedSemaphore()
        self._unwritten = Unwritten(log, "Presence is")
        self._stopped = False
        self._wake = Event()

    def hurry(self) -> None:
        """Somebody waits for what has changed."""
        self._wake.set()

    def run(self) -> None:
        """Write for ever, until the stop."""
        repeat("presence is written", self._do_round_and_wait, lambda: not self._stopped)

    def _do_round_and_wait(self) -> None:
        self.do_round(monotonic())
        if self._wake.wait(ROUND):
            self._wake.clear()
            gevent.sleep(GATHER)

    def do_round(self, now: float) -> None:
        """Write what has changed; renew the lease and sweep if that is due."""
        self.counts.let_go(now)
        if self._stopped or not (self._is_known or self.counts.have_changed):
            self._right = now
            return
        with self._writing:
            try:
                self._write(now)
            except QueueUnavailable as problem:
                self._unwritten.note(problem)
                if now > self._renewal - RENEW + LEASE:
                    # Nothing that was written counts any more, so what has changed since need not
                    # be kept: of many channels that come and go it would grow without end.
                    self._begin_anew()
            else:
                self._right = now
                self._unwritten.note(None)

    def lag(self, now: float) -> float:
        """For how many seconds what Redis has may be out of date."""
        return max(0.0, now - self._right) if self.counts.have_changed else 0.0

    def stop(self, limit: float) -> None:
        """Remove from Redis what was written, within `limit` seconds; nothing is written after.

        But for members, who have some time to come to another process.
        """
        self._stopped = True
        if not self._is_known:
            return
        try:
            with (
                gevent.Timeout(limit, QueueUnavailable("no answer before the stop")),
                self._writing,
            ):
                if self.counts.has_members:
                    self._write(monotonic())
                    self._writer.linger(RETURN_SECONDS)
                else:
                    self._writer.leave()
        except QueueUnavailable as problem:
            log.warning("Stopping, and present until the lease expires: %s", problem.reason)

    def _write(self, now: float) -> None:
        is_due = now >= self._renewal
        while self.counts.have_changed or now >= self._renewal:
            self._is_known = True
            if not self._write_some():
                self._begin_anew()
                return
            self._renewal = now + RENEW
        if is_due:
            self._writer.sweep()

    def _write_some(self) -> bool:
        changes = self.counts.take(MOST_CHANGES)
        is_written = False
        try:
            is_written = self._writer.write(changes)
        finally:  # Whatever ends it: what was not confirmed is still to be written.
            if not is_written:
                self.counts.put_back(changes)
        return is_written

    def _begin_anew(self) -> None:
        """Nothing that was written counts; the next round writes everything."""
        self._writer.begin()
        self._is_known, self._renewal = False, 0.0
        self.counts.forget_writes()
