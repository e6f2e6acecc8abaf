"""Tells Redis who has got the messages whose receipts are asked for.

What has changed is written every half a second, as it is then, so that it is right to try again.
While Redis is away nothing is lost. Nothing is asked of Redis before the first such message.
`Receipts` does the counting.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.loops import repeat
from common.outage import Unwritten
from common.receipt import Counted
from common.store.receipts import ReceiptWriter
from ws_server.clients.hub import Hub
from ws_server.receipts.late import bounded, rows_of
from ws_server.receipts.receipts import Receipts

log = logging.getLogger(__name__)

ROUND = 0.5  # Seconds between two rounds.
FIRST = 1.0  # Seconds before a message is told of first: most have confirmed it then.
AT_ONCE = 500  # Receipts in one write.
LATE = 1.0  # Seconds after the round of a message, if a client has not confirmed it yet.
LOOK_EVERY = 1.0  # Seconds between two looks for those; the more clients, the longer.
LOOK_SHARE = 50  # Of the time, a look takes so small a part.
LOOKED_AT_ONCE = 2000  # Clients, between two turns of the event loop.
LAST_WORD = 0.5  # Seconds for the last write at the stop.


class Reports:
    """Writes what has changed in `receipts`; `seconds`: how long each is counted."""

    def __init__(
        self,
        hub: Hub,
        receipts: Receipts,
        writer: ReceiptWriter,
        seconds: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._hub = hub
        self._receipts = receipts
        self._writer = writer
        self._seconds = seconds
        self._clock = clock
        self._late: Sequence[Mapping[str, Any]] = []  # As it was written last.
        self._next_look = 0.0
        self._writing = BoundedSemaphore()
        self._stopped = False
        self._unwritten = Unwritten(log, "Receipts are")

    def run(self) -> None:
        """Write for ever, until the stop."""
        repeat("receipts are written", self._do_round_and_wait, lambda: not self._stopped)

    def _do_round_and_wait(self) -> None:
        self.do_round()
        gevent.sleep(ROUND)

    def do_round(self) -> None:
        """Write what has changed, and who is late."""
        if self._stopped or not (len(self._receipts) or self._receipts.has_cut or self._late):
            return
        with self._writing:
            try:
                self._write()
            except QueueUnavailable as problem:
                self._unwritten.note(problem)
            else:
                self._unwritten.note(None)

    def stop(self) -> None:
        """Say the last numbers; nothing is written after."""
        self._stopped = True
        try:
            with (
                gevent.Timeout(LAST_WORD, QueueUnavailable("no answer before the stop")),
                self._writing,
            ):
                self._write_all(self._receipts.take(self._seconds), None)
                self._writer.leave()
        except QueueUnavailable as problem:
            log.debug("Stopping without the last word on receipts: %s", problem.reason)

    def _write(self) -> None:
        counted = self._receipts.take(self._seconds, self._receipts.due_upto(FIRST))
        try:
            late = self._look()
        except BaseException:
            self._receipts.put_back(counted)
            raise
        self._write_all(counted, late if late != self._late else None)
        self._late = late

    def _write_all(
        self, counted: Sequence[Counted], late: Sequence[Mapping[str, Any]] | None
    ) -> None:
        written = 0
        try:
            while written < len(counted) or late is not None:
                self._writer.write(counted[written : written + AT_ONCE], late)
                written, late = written + AT_ONCE, None
        except BaseException:
            self._receipts.put_back(counted[written:])
            raise

    def _look(self) -> Sequence[Mapping[str, Any]]:
        """Who is late now; as at the last look, if it is not time for another."""
        began = self._clock()
        if began < self._next_look:
            return self._late
        confirming, found = self._hub.confirming, list[dict[str, Any]]()
        upto = self._receipts.due_upto(confirming.round_seconds() + LATE)
        if upto:
            # Those who are behind first: there is room for few names.
            behind, all_ = self._hub.clients.behind, self._hub.connections
            everybody = list(dict.fromkeys([*behind, *all_]))
            for start in range(0, len(everybody), LOOKED_AT_ONCE):
                some = everybody[start : start + LOOKED_AT_ONCE]
                found += rows_of(self._receipts, some, upto, confirming.want_once)
                gevent.sleep(0)
        self._next_look = self._clock() + max(LOOK_EVERY, (self._clock() - began) * LOOK_SHARE)
        return bounded(found)
