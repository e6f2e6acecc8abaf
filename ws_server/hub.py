"""All connections of this process, and how one chunk reaches them.

Encode once, one write per connection and chunk, never wait for anybody: who
cannot take all of it falls behind and catches up from the log. The hub decides
nothing about Redis, timing or what a client says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic, perf_counter

import gevent

from common.message import Mark, Page, parse_id
from ws_server.catch_up import CatchUp
from ws_server.close_codes import GAP, CloseCode
from ws_server.connection import NOWHERE, Connection, Owed
from ws_server.feed import Feed
from ws_server.window import Chunk, Place

# Seconds of fan-out before the event loop has its turn: handshakes, pongs, heartbeat.
SLICE = 0.004
CLOCK_EVERY = 32  # Connections between two looks at the clock.
CLOSE_TIMEOUT = 5.0  # Seconds for a client to answer our close before the socket is cut.
MAX_OUTBOX = 4 * 1024 * 1024  # Bytes of replies of its own that a client may leave unread.
PAUSE_OUTBOX = 64 * 1024  # Bytes of them beyond which nothing more is read from it.

NOTICES = 100  # Gap notices between two turns of the event loop.
FORGOTTEN = "history does not reach back far enough"
LOST = "Redis has lost messages"


@dataclass(frozen=True, slots=True)
class Start:
    """Where a client starts: after `cursor`, or at the head.

    `asked` is the id that it wants to go on after, `missing` why it cannot, and `refused`
    that nobody knows whether it can.
    """

    format_name: str = "text"
    cursor: int | None = None
    asked: str | None = None
    missing: str = ""
    refused: CloseCode | None = None


AT_THE_HEAD = Start()


class Hub:
    """Owned by the event loop of one process: plain state, no lock."""

    def __init__(self, feeds: Mapping[str, Feed], on_gone: Callable[[Connection], None]) -> None:
        self.mark = Mark("", 0)  # Everything in the log up to here has been published.
        self.connections: dict[Connection, None] = {}
        self.behind: set[Connection] = set()
        self.closing: dict[Connection, float] = {}  # Until when it may answer our close.
        self._feeds = feeds
        # A dict, for its order: memory is walked as it was filled.
        self._listeners: dict[Feed, dict[Connection, None]] = {feed: {} for feed in feeds.values()}
        self._on_gone = on_gone
        self.catch_up = CatchUp(
            at_head=self._go_live,
            at_gap=self._tell_forgotten,
            at_end=self._end_writing,
            outbox_sent=self.resume_reading,
            gone=self.drop,
        )

    # Joining and leaving

    def join(
        self, fd: int, on_readable: Callable[[Connection], None], start: Start = AT_THE_HEAD
    ) -> Connection:
        """Take over a connected socket; it gets every message from its start on."""
        feed = self._feeds[start.format_name]
        connection = Connection(fd, feed, self, on_readable)
        self.connections[connection] = None
        self._listeners[feed][connection] = None
        connection.watch()
        self._greet(connection, feed, start)
        return connection

    def _greet(self, connection: Connection, feed: Feed, start: Start) -> None:
        if start.refused is not None:
            self.close(connection, start.refused)
            return
        cursor = feed.head if start.cursor is None else start.cursor
        greeting = feed.format.welcome(Mark(feed.epoch, cursor), complete=not start.missing)
        if start.missing:
            notice = feed.format.gap(feed.mark, start.asked, start.missing)
            if notice is None:
                self.close(connection, GAP)
                return
            greeting += notice
        if cursor < feed.head:
            self._fall_behind(connection, Place(cursor, rest=greeting))
            return
        connection.cursor = cursor  # Beyond the head, if another process was ahead of this one.
        if greeting:
            self._transmit(connection, greeting)

    def drop(self, connection: Connection) -> None:
        """Forget a connection and close its socket, at once; harmless if it is gone already."""
        if not connection.is_open:
            return
        self.connections.pop(connection, None)
        self._listeners[connection.feed].pop(connection, None)
        self.behind.discard(connection)
        self.closing.pop(connection, None)
        connection.release()
        self._on_gone(connection)

    def close(self, connection: Connection, close: CloseCode) -> None:
        """Send a close frame after what is under way; cut the socket 5 s later at the latest."""
        if not connection.is_open or connection in self.closing:
            return
        farewell = connection.feed.format.farewell(close)
        self.closing[connection] = monotonic() + CLOSE_TIMEOUT
        self._transmit(connection, farewell)
        if connection.owed is not None:
            connection.owed.closing = True
        elif connection.is_open:
            self._end_writing(connection)

    def newest(self, format_name: str, count: int) -> int | None:
        """The cursor before the newest `count` messages, if memory goes back so far."""
        return self._feeds[format_name].newest(count)

    def has_sent(self, format_name: str, id_: int) -> bool:
        """Whether memory has this message."""
        return self._feeds[format_name].has(id_)

    # Sending

    def publish(self, page: Page) -> None:
        """Send new messages of the log to everybody; yields to the event loop in between."""
        if not page:
            return
        for feed, listeners in self._listeners.items():
            if listeners:
                for chunk in feed.append(page):
                    self._fan_out(chunk, listeners)
            else:
                feed.skip(page)
        self.mark = Mark(self.mark.epoch, parse_id(page.ids[-1]))

    def post(self, connection: Connection, data: str | bytes) -> None:
        """Send one message to one client; dropped if it is closing or gone."""
        self.post_raw(connection, connection.feed.format.reply(data))

    def post_raw(self, connection: Connection, data: bytes) -> None:
        """Send one frame or event to one client, between two others."""
        if self.is_open(connection):
            self._transmit(connection, data)

    def is_open(self, connection: Connection) -> bool:
        """Whether it is there and not about to be closed."""
        return connection.is_open and connection not in self.closing

    def ping(self, connection: Connection) -> None:
        """Ping a live client; one that is behind shows its life by reading."""
        if connection.owed is None:
            self.post_raw(connection, connection.feed.format.ping())

    def _fan_out(self, chunk: Chunk, listeners: Mapping[Connection, None]) -> None:
        everybody = list(listeners)
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
                if NOWHERE < connection.cursor < upto:
                    # It resumes in the middle of this chunk, or a fan-out before was cut short.
                    self._fall_behind(connection, Place(connection.cursor))
                continue  # Behind, closing, gone, or it has this chunk already.
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

    def rewind(self, mark: Mark, *, kept: int | None = None) -> None:
        """Go on after `mark`, and tell whoever can be told that messages are missing.

        `kept`: Redis has lost what came after this id; clients that are ahead of this process
        have more of what is left. None: nothing is lost, but the log has forgotten what came
        before `mark`, and nobody here has been sent it.
        """
        had, self.mark = self.mark, mark
        for feed in self._listeners:
            feed.rewind(mark)
        everybody = [(connection, _cursor_of(connection)) for connection in self.connections]
        for connection, cursor in everybody:
            if connection.cursor != NOWHERE:
                connection.cursor = self._place_after(cursor, kept)
        for count, (connection, cursor) in enumerate(everybody):
            if kept is not None or cursor < mark.id:
                self._tell_rewound(connection, Mark(had.epoch, cursor), kept)
            if count % NOTICES == 0:
                gevent.sleep(0)

    def _place_after(self, cursor: int, kept: int | None) -> int:
        """Where a client goes on that was at `cursor` before a rewind."""
        return max(self.mark.id, cursor if kept is None else min(cursor, kept))

    def _tell_rewound(self, connection: Connection, had: Mark, kept: int | None) -> None:
        place = self._place_after(had.id, kept)
        if connection.owed is not None:
            self._tell_gap(connection, had, FORGOTTEN if kept is None else LOST, place)
        elif self.is_open(connection):
            at = Mark(self.mark.epoch, place)
            reason = FORGOTTEN if kept is None else LOST
            notice = connection.feed.format.gap(at, str(had), reason)
            if notice is not None:
                self._transmit(connection, notice)
            elif kept is None:
                self.close(connection, GAP)

    # Falling behind and coming back

    def _fall_behind(self, connection: Connection, place: Place) -> None:
        connection.owed = Owed(place, monotonic())
        connection.cursor = NOWHERE
        self.behind.add(connection)
        self.catch_up.add(connection)

    def _go_live(self, connection: Connection, owed: Owed) -> None:
        connection.settle_up()
        connection.cursor = max(connection.feed.head, owed.cursor)
        self.behind.discard(connection)

    def _tell_forgotten(self, connection: Connection) -> None:
        feed, owed = connection.feed, connection.owed
        if owed is not None:
            self._tell_gap(connection, Mark(feed.epoch, owed.cursor), FORGOTTEN, feed.head)

    def _tell_gap(self, connection: Connection, had: Mark, reason: str, place: int) -> None:
        """For a client that is behind: it goes on after `place`."""
        owed, feed = connection.owed, connection.feed
        if owed is None or owed.skip:
            self.drop(connection)  # In the middle of a long frame there is no way to tell.
            return
        if owed.closing:
            return
        notice = feed.format.gap(Mark(feed.epoch, place), str(had), reason)
        if notice is None:
            self.close(connection, GAP)
        else:
            owed.outbox += notice
            owed.cursor = place
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


def _cursor_of(connection: Connection) -> int:
    return connection.cursor if connection.owed is None else connection.owed.cursor
