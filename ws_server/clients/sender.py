"""What is sent to one client: at once what its socket takes, the rest when it takes more.

Frames of its own (replies, pings, notices, a close) go between two frames of the log. Who
cannot take all of it falls behind, and catches up from the log. It waits for nobody, and
knows neither Redis nor who else is connected.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

from common.message import Mark
from ws_server.clients.catch_up import CatchUp
from ws_server.clients.connection import NOWHERE, Connection, Owed
from ws_server.log.pieces import Place
from ws_server.wire.close_codes import GAP, CloseCode
from ws_server.wire.gap_reasons import TOO_OLD

CLOSE_TIMEOUT = 5.0  # Seconds for a client to answer our close before the socket is cut.
MAX_OUTBOX = 4 * 1024 * 1024  # Bytes of replies of its own that a client may leave unread.
PAUSE_OUTBOX = 64 * 1024  # Bytes of them beyond which nothing more is read from it.


class Sender(ABC):
    """The half of the hub that deals with one client at a time; plain state, no lock."""

    def __init__(self) -> None:
        self.behind: set[Connection] = set()
        self.closing: dict[Connection, float] = {}  # Until when it may answer our close.
        self.catch_up = CatchUp(
            at_head=self._go_live,
            at_gap=self._tell_forgotten,
            at_end=self._end_writing,
            outbox_sent=self.resume_reading,
            between_frames=self._make_deferred_changes,
            gone=self.drop,
        )
        self.outgoing = self.catch_up.outgoing

    @abstractmethod
    def drop(self, connection: Connection) -> None:
        """Forget a connection and close its socket, at once; harmless if it is gone already."""

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
        if connection.owed is not None or not self.is_open(connection):
            return
        feed, at = connection.feed, None
        if connection.cursor < feed.done:
            # For long nothing was for it. So that it can resume, it is told of a newer id.
            connection.cursor = feed.done
            at = Mark(feed.epoch, feed.done)
        self._transmit(connection, feed.format.ping(at))

    # Between the frames of the log

    def between_frames(self, connection: Connection, change: Callable[[], None]) -> None:
        """Change what follows for a client: now, or when the long frame under way is whole."""
        owed = connection.owed
        if owed is None or not owed.skip:
            change()
            return
        owed.deferred.append(change)
        connection.stop_watching()

    def _make_deferred_changes(self, connection: Connection) -> None:
        while connection.owed is not None and connection.owed.deferred:
            connection.owed.deferred.pop(0)()
        self.resume_reading(connection)

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
            self._fall_behind(connection, Place(cursor_of(connection), rest=data[sent:]))

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
        if owed is None or (len(owed.outbox) <= PAUSE_OUTBOX and not owed.deferred):
            connection.watch()

    # Falling behind and coming back

    def _fall_behind(self, connection: Connection, place: Place) -> None:
        connection.owed = Owed(place, monotonic())
        connection.cursor = NOWHERE
        self.behind.add(connection)
        self.catch_up.add(connection)

    def _go_live(self, connection: Connection, owed: Owed) -> None:
        connection.settle_up()
        connection.cursor = owed.cursor
        self.behind.discard(connection)

    def _tell_forgotten(self, connection: Connection) -> None:
        feed, owed = connection.feed, connection.owed
        if owed is not None:
            self._tell_gap(connection, Mark(feed.epoch, owed.cursor), TOO_OLD, feed.head)

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


def cursor_of(connection: Connection) -> int:
    """Up to where it has been sent what is for it."""
    if connection.owed is not None:
        return connection.owed.cursor
    return max(connection.cursor, connection.feed.done)
