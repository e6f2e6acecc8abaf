"""Clients that are behind: each gets what it is owed, at the speed of its own socket.

One greenlet serves them all in turn, a millisecond at a time, so that they do not delay the live
ones. Nothing is kept for a client but its own replies: what it lacks of the log is read
again when its socket can take it.
"""

import logging
from collections import deque
from math import inf
from time import monotonic, perf_counter

import gevent
from gevent.event import Event

from common.errors import QueueUnavailable
from common.loops import repeat
from ws_server.clients.connection import Connection, State
from ws_server.clients.lending import Lender
from ws_server.clients.owed import Owed
from ws_server.clients.progress import Progress
from ws_server.clients.tally import Tally
from ws_server.log.chunk import Chunk, Place
from ws_server.log.old_pages import Gap

log = logging.getLogger(__name__)

# Seconds of catching up before the event loop has its turn; of a fan-out it is 0.004.
SLICE = 0.001
REDIS_PAUSE = 1.0  # Seconds before Redis is asked again for a client's page.


class CatchUp:
    """Brings clients from where they are to the head."""

    def __init__(self, progress: Progress, lender: Lender, tally: Tally) -> None:
        self._progress = progress
        self._tally = tally
        self._lender = lender
        self._due: deque[Connection] = deque()
        self._parked: list[Connection] = []  # Waiting for Redis to come back.
        self._wake = Event()

    def add(self, connection: Connection) -> None:
        """Serve it as soon as its socket takes bytes."""
        connection.await_writable(self._enqueue)

    def run(self) -> None:
        """Serve those who are due, for ever."""
        repeat("clients catch up", self._serve_all)

    def _serve_all(self) -> None:
        if not self._due:
            self._wake.wait()
        self._wake.clear()
        while self._due:
            self._serve_slice()
            gevent.sleep(0)

    def _enqueue(self, connection: Connection) -> None:
        self._due.append(connection)
        self._wake.set()

    def _serve_slice(self) -> None:
        end = perf_counter() + SLICE
        while self._due and perf_counter() < end:
            connection = self._due.popleft()
            owed = connection.owed
            if owed is None:
                continue  # Gone, or live again.
            try:
                self._serve(connection, owed)
            except QueueUnavailable:
                self._park(connection, owed)
            except Gap:
                self._progress.reached_gap(connection)
            except OSError:
                self._progress.drop(connection)
            except Exception:
                log.exception("Dropping a client that could not be served")
                self._progress.drop(connection)

    def _serve(self, connection: Connection, owed: Owed) -> None:
        """One write's worth of what is owed."""
        if owed.skip:
            self._serve_log(connection, owed)
        elif owed.outbox:
            self._serve_outbox(connection, owed)
        elif connection.state is State.CLOSING:
            self._progress.sent_farewell(connection)
        else:
            self._serve_log(connection, owed)

    def _serve_outbox(self, connection: Connection, owed: Owed) -> None:
        sent = connection.write(owed.outbox)
        del owed.outbox[:sent]
        if not owed.outbox:
            self._progress.sent_outbox(connection)
        self._go_on(connection, owed, sent, full=bool(owed.outbox))

    def _serve_log(self, connection: Connection, owed: Owed) -> None:
        channels = connection.channels
        chunk = connection.feed.next_chunk(owed.cursor, channels, connection.number)
        came_first = not owed.skip and (owed.outbox or connection.state is State.CLOSING)
        if came_first or connection.owed is not owed or connection.channels is not channels:
            self._due.append(connection)  # It happened while Redis was asked: look again.
        elif chunk is None:
            self._progress.reached_head(connection)
        else:
            self._send_chunk(connection, owed, chunk)

    def _send_chunk(self, connection: Connection, owed: Owed, chunk: Chunk) -> None:
        start = chunk.start_after(owed.cursor) + owed.skip
        # If a change waits, only up to the end of the frame.
        end = chunk.frame_end(start) if owed.deferred else len(chunk.data)
        sent = self._lender.put_part(connection, chunk.data, start, end) if start < end else 0
        at = start + sent
        place = chunk.cut(at) if at < len(chunk.data) else Place(chunk.upto)
        owed.cursor, owed.skip = place.cursor, place.skip
        owed.outbox[:0] = place.rest  # It comes before what was posted meanwhile.
        if owed.deferred and not owed.skip:
            self._progress.sent_frame(connection)
        self._go_on(connection, owed, sent, full=at < end)

    def _go_on(self, connection: Connection, owed: Owed, sent: int, *, full: bool) -> None:
        self._tally.bytes += sent
        if sent or not full:
            owed.progress = monotonic()
        if full:
            self.add(connection)
        else:
            self._due.append(connection)

    def _park(self, connection: Connection, owed: Owed) -> None:
        owed.progress = inf  # That it waits is not its fault.
        if not self._parked:
            gevent.spawn_later(REDIS_PAUSE, self._unpark)
        self._parked.append(connection)

    def _unpark(self) -> None:
        parked, self._parked = self._parked, []
        for connection in parked:
            if connection.owed is not None:
                connection.owed.progress = monotonic()
            self._enqueue(connection)
