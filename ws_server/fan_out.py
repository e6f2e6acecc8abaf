"""How a piece of the log reaches all live clients of a feed.

One write for each, never waiting for anybody, with turns for the event loop in
between. Who cannot take all of it falls behind; the hub knows what that means.
"""

from collections.abc import Callable, Collection
from functools import partial
from operator import methodcaller
from time import perf_counter

import gevent

from ws_server.audience import Audiences
from ws_server.connection import Connection
from ws_server.feed import NO_CHANNELS
from ws_server.mixed import Mixed
from ws_server.outgoing import Outgoing, Put
from ws_server.window import Chunk, Piece, Place

# Seconds of fan-out before the event loop has its turn: handshakes, pongs, heartbeat.
SLICE = 0.004
CLOCK_EVERY = 32  # Connections between two looks at the clock.

Cut = Callable[[int], Place]


class FanOut:
    """Sends chunks to whoever is live."""

    def __init__(
        self,
        outgoing: Outgoing,
        fall_behind: Callable[[Connection, Place], None],
        drop: Callable[[Connection], None],
    ) -> None:
        self._outgoing = outgoing
        self._fall_behind = fall_behind
        self._drop = drop
        self._end = 0.0  # Of the slice.

    def send(self, chunk: Chunk, everybody: Collection[Connection]) -> None:
        """To everybody the same."""
        self._begin_slice()
        self._send_all(chunk, everybody)

    def _send_all(self, chunk: Chunk, everybody: Collection[Connection]) -> None:
        listed, size = list(everybody), len(chunk.data)
        put = self._outgoing.for_all(chunk.data, len(listed))
        for start in range(0, len(listed), CLOCK_EVERY):
            self._send(put, size, chunk, listed[start : start + CLOCK_EVERY], chunk.cut)
            self._take_turns()

    def send_mixed(
        self, piece: Mixed, everybody: Collection[Connection], audiences: Audiences
    ) -> None:
        """To each audience what is for it, then to all others what is for everybody."""
        self._begin_slice()
        sent = 0
        for audience, some in audiences.reached(piece.addressing).items():
            channels, members = audience.channels, audience.members
            if len(members) > CLOCK_EVERY:
                self._send_all(piece.select(channels), members)
                continue
            places = piece.addressing.places(channels) if some is None else some
            data, cut = piece.data(places, channels), partial(piece.cut, places, channels)
            self._send(methodcaller("put", data), len(data), piece, list(members), cut)
            sent += len(members)
            if sent >= CLOCK_EVERY:
                sent = 0
                self._take_turns()
        if piece.addressing.open:
            self._send_all(piece.select(NO_CHANNELS), everybody)  # Whoever has its own skips it.

    def _begin_slice(self) -> None:
        self._end = perf_counter() + SLICE

    def _take_turns(self) -> None:
        if perf_counter() > self._end:
            gevent.sleep(0)
            self._begin_slice()

    def _send(self, put: Put, size: int, piece: Piece, some: list[Connection], cut: Cut) -> None:
        """The hottest loop: nothing is looked up twice.

        `cut` says where a client stands that took so many bytes.
        """
        after, upto = piece.after, piece.upto
        for connection in some:
            if connection.cursor > after:
                if connection.cursor < upto:
                    # It has come from a process that was ahead of this one.
                    self._fall_behind(connection, Place(connection.cursor))
                continue  # Behind, closing, gone, or it has this chunk already.
            try:
                sent = put(connection)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(connection)
                continue
            if sent == size:
                connection.cursor = upto
            else:
                self._fall_behind(connection, cut(sent))
