"""How a piece of the log reaches all live clients of a feed.

One write for each, never waiting for anybody, with turns for the event loop in between. A client
whose socket does not take all of it falls behind.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from operator import attrgetter, methodcaller
from time import perf_counter

import gevent

from common.connection_id import Numbers
from ws_server.clients.audience import Audience, Audiences
from ws_server.clients.confirming import Ride
from ws_server.clients.connection import Connection
from ws_server.clients.lending import LENT_BYTES, Lender, Put
from ws_server.clients.progress import Progress
from ws_server.clients.tally import Tally
from ws_server.log.chunk import Chunk, Place
from ws_server.log.feed import NO_CHANNELS
from ws_server.log.pieces import Mixed

# Seconds of fan-out before the event loop has its turn: handshakes, pongs, heartbeat.
SLICE = 0.004
CLOCK_EVERY = 32  # Connections between two looks at the clock.
LENT_TIMES = 32  # Sockets; for fewer it is not worth lending.
SERIAL = attrgetter("serial")
RIDE_BYTES = 256 * 1024  # Of a chunk with which a ping is sent: that is a copy of it.


class FanOut:
    """Sends pieces of the log to those who are live."""

    def __init__(self, progress: Progress, lender: Lender, tally: Tally, numbers: Numbers) -> None:
        self._progress = progress
        self._numbers = numbers
        self._lender = lender
        self._tally = tally
        self._end = 0.0  # Of the slice.

    def send(
        self, chunk: Chunk, everybody: Collection[Connection], ride: Ride | None = None
    ) -> None:
        """To everybody the same."""
        self._begin_slice()
        self._send_with(ride, chunk, everybody, keep=True)

    def _send_with(
        self, ride: Ride | None, chunk: Chunk, everybody: Collection[Connection], *, keep: bool
    ) -> None:
        if ride is not None:
            self._send_riding(ride, chunk, everybody)
        self._send_all(chunk, everybody, keep=keep)

    def _send_riding(self, ride: Ride, chunk: Chunk, some: Collection[Connection]) -> None:
        """To those who are due a ping, with it. What follows for all passes them over."""
        due = ride.due(some)
        # With what is longer they are not: they are pinged without a chunk then.
        if due and len(chunk.data) <= RIDE_BYTES:
            self._send_all(chunk._replace(data=chunk.data + ride.frame), due, keep=False)
            self._tally.deliveries -= len(chunk.ids) * len(due)
            ride.note(due)

    def _send_all(self, chunk: Chunk, everybody: Collection[Connection], *, keep: bool) -> None:
        listed, size = list(everybody), len(chunk.data)
        self._tally.deliveries += len(chunk.ids) * len(listed)
        put = self._put_for(chunk.data, len(listed), keep=keep)
        for start in range(0, len(listed), CLOCK_EVERY):
            self._send(put, size, chunk, listed[start : start + CLOCK_EVERY])
            self._take_turns()

    def send_mixed(
        self,
        piece: Mixed,
        everybody: Collection[Connection],
        audiences: Audiences,
        ride: Ride | None = None,
    ) -> None:
        """To each audience what is for it, then to all others what is for everybody."""
        self._begin_slice()
        sent = passed_over = 0
        reached = audiences.reached(piece.addressing)
        if piece.excepted:
            for connection in self._excepted(piece, everybody, reached):
                self._send_rest(piece, connection, ride)
        for audience, some in reached.items():
            channels, members = audience.channels, audience.members
            passed_over += len(members)
            if ride is not None:
                self._send_riding(ride, piece.select(channels), members)
            if len(members) > CLOCK_EVERY:
                self._send_all(piece.select(channels), members, keep=False)
                continue
            places = piece.addressing.places(channels) if some is None else some
            self._send_few(piece, channels, places, list(members))
            self._tally.deliveries += len(places) * len(members)
            sent += len(members)
            if sent >= CLOCK_EVERY:
                sent = 0
                self._take_turns()
        # Those who had a chunk of their own are beyond it, and are passed over.
        if piece.addressing.open and (chunk := piece.select(NO_CHANNELS)).data:
            self._tally.deliveries -= len(chunk.ids) * passed_over
            self._send_with(ride, chunk, everybody, keep=False)

    def _excepted(
        self, piece: Mixed, everybody: Collection[Connection], reached: Collection[Audience]
    ) -> list[Connection]:
        """Those who would get some of it that they are not to get."""
        serials = self._numbers.serials(piece.excepted)
        if not serials:
            return []  # They are at other processes, or gone.
        if not piece.addressing.open:
            some = (each for audience in reached for each in audience.members)
            return [each for each in some if each.serial in serials]
        listed = list(everybody)  # In the order in which they came, which is that of the serials.
        places = ((bisect_left(listed, serial, key=SERIAL), serial) for serial in serials)
        return [
            listed[at] for at, serial in places if at < len(listed) and listed[at].serial == serial
        ]

    def _send_rest(self, piece: Mixed, connection: Connection, ride: Ride | None) -> None:
        """To one who is not to get some of it, all else. What follows passes it over."""
        chunk = piece.select(connection.channels, connection.number)
        self._send_with(ride, chunk, [connection], keep=False)
        # It is counted with all the others again.
        self._tally.deliveries -= len(piece.addressing.places(connection.channels))

    def _put_for(self, data: bytes, times: int, *, keep: bool) -> Put:
        """What is long and for many is lent."""
        is_lent = len(data) >= LENT_BYTES and times >= LENT_TIMES
        lent = self._lender.lend(data, keep=keep) if is_lent else None
        return methodcaller("put", data) if lent is None else lent

    def _begin_slice(self) -> None:
        self._end = perf_counter() + SLICE

    def _take_turns(self) -> None:
        if perf_counter() > self._end:
            gevent.sleep(0)
            self._begin_slice()

    # The two hottest loops. What they share is written out in both: a call would cost a twentieth
    # of a send.

    def _send(self, put: Put, size: int, chunk: Chunk, some: list[Connection]) -> None:
        after, upto, missed = chunk.after, chunk.upto, 0
        for connection in some:
            if connection.cursor > after:
                missed += size
                self._pass_over(connection, upto)
                continue
            try:
                sent = put(connection)
            except BlockingIOError:
                sent = 0
            except OSError:
                missed += size
                self._progress.drop(connection)
                continue
            if sent == size:
                connection.cursor = upto
            else:
                missed += size - sent
                self._progress.fall_behind(connection, chunk.cut(sent))
        self._tally.bytes += size * len(some) - missed

    def _send_few(
        self,
        piece: Mixed,
        channels: frozenset[str],
        places: Sequence[int],
        members: list[Connection],
    ) -> None:
        after, upto, data = piece.after, piece.upto, piece.data(places, channels)
        size, missed = len(data), 0
        for connection in members:
            if connection.cursor > after:
                missed += size
                self._pass_over(connection, upto)
                continue
            try:
                sent = connection.put(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                missed += size
                self._progress.drop(connection)
                continue
            if sent == size:
                connection.cursor = upto
            else:
                missed += size - sent
                self._progress.fall_behind(connection, piece.cut(places, channels, sent))
        self._tally.bytes += size * len(members) - missed

    def _pass_over(self, connection: Connection, upto: int) -> None:
        """It is not live, or has all of it; or a part of it, if another process was ahead."""
        if connection.cursor < upto:
            self._progress.fall_behind(connection, Place(connection.cursor))
