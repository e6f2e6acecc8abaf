"""All connections of this process, and how one chunk reaches them.

Encode once, one write per connection and chunk, never wait for anybody: who
cannot take all of it falls behind and catches up from the log. The hub decides
nothing about Redis, timing or what a client says.
"""

from collections.abc import Callable
from time import monotonic, perf_counter

import gevent

from common.message import Page
from ws_server.catch_up import CatchUp
from ws_server.close_codes import GAP, CloseCode
from ws_server.connection import NOWHERE, Connection, Owed
from ws_server.feed import Feed
from ws_server.frames import BINARY, PING, TEXT, close_frame, frame
from ws_server.window import Chunk, Place

# Seconds of fan-out before the event loop has its turn: handshakes, pongs, heartbeat.
SLICE = 0.004
CLOCK_EVERY = 32  # Connections between two looks at the clock.
CLOSE_TIMEOUT = 5.0  # Seconds for a client to answer our close before the socket is cut.
MAX_OUTBOX = 4 * 1024 * 1024  # Bytes of replies of its own that a client may leave unread.
PAUSE_OUTBOX = 64 * 1024  # Bytes of them beyond which nothing more is read from it.

EMPTY_PING = frame(PING, b"")


class Hub:
    """Owned by the event loop of one process: plain state, no lock."""

    def __init__(self, feed: Feed, on_gone: Callable[[Connection], None]) -> None:
        # A dict, for its order: memory is walked as it was filled.
        self.connections: dict[Connection, None] = {}
        self.behind: set[Connection] = set()
        self.closing: dict[Connection, float] = {}  # Until when it may answer our close.
        self._feed = feed
        self._on_gone = on_gone
        self.catch_up = CatchUp(
            feed,
            at_head=self._go_live,
            at_gap=self._tell_gap,
            at_end=self._end_writing,
            outbox_sent=self.resume_reading,
            gone=self.drop,
        )

    # Joining and leaving

    def join(self, fd: int, on_readable: Callable[[Connection], None]) -> Connection:
        """Take over a connected, non-blocking socket; it gets every message from now on."""
        connection = Connection(fd, self._feed.head, self, on_readable)
        self.connections[connection] = None
        connection.watch()
        return connection

    def drop(self, connection: Connection) -> None:
        """Forget a connection and close its socket, at once; harmless if it is gone already."""
        if not connection.is_open:
            return
        self.connections.pop(connection, None)
        self.behind.discard(connection)
        self.closing.pop(connection, None)
        connection.release()
        self._on_gone(connection)

    def close(self, connection: Connection, close: CloseCode) -> None:
        """Send a close frame after what is under way; cut the socket 5 s later at the latest."""
        if not connection.is_open or connection in self.closing:
            return
        farewell = close_frame(close.code, close.reason)
        self.closing[connection] = monotonic() + CLOSE_TIMEOUT
        self._transmit(connection, farewell)
        if connection.owed is not None:
            connection.owed.closing = True
        elif connection.is_open:
            self._end_writing(connection)

    # Sending

    def publish(self, page: Page) -> None:
        """Send new messages of the log to everybody; yields to the event loop in between."""
        for chunk in self._feed.append(page):
            self._fan_out(chunk)

    def post(self, connection: Connection, data: str | bytes) -> None:
        """Send one message to one client; dropped if it is closing or gone."""
        if isinstance(data, str):
            self.post_frame(connection, frame(TEXT, data.encode()))
        else:
            self.post_frame(connection, frame(BINARY, data))

    def post_frame(self, connection: Connection, data: bytes) -> None:
        """Send one frame to one client, between two others."""
        if self.is_open(connection):
            self._transmit(connection, data)

    def is_open(self, connection: Connection) -> bool:
        """Whether it is there and not about to be closed."""
        return connection.is_open and connection not in self.closing

    def ping(self, connection: Connection) -> None:
        """Ping a live client; one that is behind shows its life by reading."""
        if connection.owed is None:
            self.post_frame(connection, EMPTY_PING)

    def _fan_out(self, chunk: Chunk) -> None:
        everybody = list(self.connections)
        end = perf_counter() + SLICE
        for start in range(0, len(everybody), CLOCK_EVERY):
            self._send_chunk(chunk, everybody[start : start + CLOCK_EVERY])
            if perf_counter() > end:
                gevent.sleep(0)
                end = perf_counter() + SLICE

    def _send_chunk(self, chunk: Chunk, connections: list[Connection]) -> None:
        """The hottest loop: `Connection.write` is written out, nothing is looked up twice."""
        after, upto, data, size = chunk.after, chunk.upto, chunk.data, len(chunk.data)
        for connection in connections:
            if connection.cursor != after:
                if NOWHERE < connection.cursor < after:  # A fan-out before was cut short.
                    self._fall_behind(connection, Place(connection.cursor))
                continue  # Behind, closing, gone, or joined after this chunk.
            try:
                sent = connection.put(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.drop(connection)
                continue
            if sent == size:
                connection.cursor = upto
            else:
                self._fall_behind(connection, chunk.cut(sent))

    def _transmit(self, connection: Connection, data: bytes) -> None:
        if connection.owed is not None:
            self._add_to_outbox(connection, connection.owed, data)
            return
        try:
            sent = connection.write(data)
        except OSError:
            self.drop(connection)
            return
        if sent < len(data):
            self._fall_behind(connection, Place(connection.cursor, rest=data[sent:]))

    def _add_to_outbox(self, connection: Connection, owed: Owed, data: bytes) -> None:
        owed.outbox += data
        if len(owed.outbox) > MAX_OUTBOX + len(data):
            self.drop(connection)
        elif len(owed.outbox) > PAUSE_OUTBOX:
            connection.stop_watching()  # Until it has read its replies.

    def resume_reading(self, connection: Connection) -> None:
        """Read from a client again, unless its hook is at work or its replies wait unread."""
        owed = connection.owed
        if not connection.is_open or connection.busy:
            return
        if owed is None or len(owed.outbox) <= PAUSE_OUTBOX:
            connection.watch()

    def rewind(self, head: int) -> None:
        """The log has lost its end: go on after `head`, tell those who needed what is lost."""
        self._feed.rewind(head)
        for connection in list(self.connections):
            if connection.cursor != NOWHERE:
                connection.cursor = head
            elif connection.owed is not None:
                self._tell_gap(connection)

    # Falling behind and coming back

    def _fall_behind(self, connection: Connection, place: Place) -> None:
        connection.owed = Owed(place, monotonic())
        connection.cursor = NOWHERE
        self.behind.add(connection)
        self.catch_up.add(connection)

    def _go_live(self, connection: Connection) -> None:
        connection.settle_up()
        connection.cursor = self._feed.head
        self.behind.discard(connection)

    def _tell_gap(self, connection: Connection) -> None:
        if connection.owed is None or connection.owed.skip:
            self.drop(connection)  # In the middle of a long frame there is no way to tell.
            return
        self.close(connection, GAP)
        self.catch_up.add(connection)

    def _end_writing(self, connection: Connection) -> None:
        connection.settle_up()
        connection.cursor = NOWHERE
        self.behind.discard(connection)
        try:
            connection.finish_writing()
            connection.watch()  # For the end of its stream.
        except OSError:
            self.drop(connection)
