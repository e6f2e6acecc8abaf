"""What is sent to one client: at once what its socket takes, the rest when it takes more.

Frames of its own (replies, pings, notices, a close) go between two frames of the log. A client
that cannot take all of it falls behind, and catches up from the log. Nothing here waits, asks
Redis, or knows who else is connected.
"""

from collections.abc import Callable
from time import monotonic

from common.connection_id import Numbers
from common.message import Mark
from ws_server.clients.catch_up import CatchUp
from ws_server.clients.connection import Clients, Connection, State
from ws_server.clients.endpoint import CHANGE, REPLIES
from ws_server.clients.journal import Journal
from ws_server.clients.lending import Lender
from ws_server.clients.owed import Owed
from ws_server.clients.tally import Tally
from ws_server.clients.written import has_arrived
from ws_server.log.chunk import Place
from ws_server.wire.close_codes import GAP, CloseCode
from ws_server.wire.gap_reasons import TOO_OLD

CLOSE_TIMEOUT = 5.0  # Seconds for a client to answer our close before the socket is cut.
MAX_OUTBOX = 4 * 1024 * 1024  # Bytes of replies of its own that a client may leave unread.
PAUSE_OUTBOX = 64 * 1024  # Bytes of them beyond which nothing more is read from it.


class Sender:
    """Plain state, no lock. It is told of `Progress` by the loops that send."""

    def __init__(
        self,
        clients: Clients,
        on_gone: Callable[[Connection], None],
        tally: Tally,
        journal: Journal,
    ) -> None:
        self._clients = clients
        self._tally = tally
        self._on_gone = on_gone
        self.lender = Lender()
        self.catch_up = CatchUp(self, self.lender, tally)
        self._journal = journal
        self.numbers = Numbers()
        # Told of each open client that is to be closed.
        self.before_close: Callable[[Connection], None] = lambda _: None

    # To one client

    def post(self, connection: Connection, data: str | bytes) -> None:
        """Send one message to one client; dropped if it is closing or gone."""
        self.post_raw(connection, connection.feed.format.reply(data))

    def post_raw(self, connection: Connection, data: bytes) -> None:
        """Send one frame or event to one client, between two others."""
        if not connection.is_open:
            return
        if connection.owed is not None:
            self._add_to_outbox(connection, connection.owed, data)
            return
        try:
            sent = connection.write(data)
        except OSError:
            self.drop(connection)
            return
        if sent < len(data):
            self.fall_behind(connection, Place(connection.sent_upto, rest=data[sent:]))

    def ping(self, connection: Connection, *, asks: bool = False) -> None:
        """Ping a live client; one that is behind shows its life by reading.

        `asks`: by its pong it confirms all that it has been sent.
        """
        feed, at = connection.feed, None
        if feed.format.text_pong is not None and (asks or connection.state is not State.LIVE):
            self.post_raw(connection, feed.format.ping())
        if connection.state is not State.LIVE:
            return
        if connection.cursor < feed.done:
            # What came last was not for it. It is told of a newer id, from which it can resume.
            self._clients.move(connection, feed.done)
            at = Mark(feed.epoch, feed.done)
        confirm = self._ask_for_all(connection) if asks else None
        self.post_raw(connection, feed.format.ping(at, confirm))

    def ask(self, connection: Connection) -> None:
        """Have a client that is open confirm all that it has been sent."""
        mark, form = self._ask_for_all(connection), connection.feed.format
        notice = form.answer("confirm", {}) if connection.confirms_by_command else b""
        self.post_raw(connection, notice or form.ping(confirm=mark))

    def _ask_for_all(self, connection: Connection) -> Mark:
        connection.pinged = connection.sent_upto
        return Mark(connection.feed.epoch, connection.pinged)

    def tell_gap(
        self, connection: Connection, had: Mark, reason: str, at: Mark, *, or_close: bool = True
    ) -> None:
        """Say that messages after `had` are missing, and that it goes on after `at`.

        `or_close`: it is closed if its format cannot say this.
        """
        if connection.owed is not None and connection.owed.skip:
            self._tally.note_gap(reason)
            self.drop(connection)  # In the middle of a long frame there is no way to tell.
            return
        if connection.is_open:
            notice = connection.feed.format.gap(at, str(had), reason)
            if notice is not None or or_close:
                self._tally.note_gap(reason)
            if notice is not None:
                self._send_notice(connection, notice, at)
            elif or_close:
                self.close(connection, GAP)
        self.catch_up.add(connection)

    def _send_notice(self, connection: Connection, notice: bytes, at: Mark) -> None:
        if connection.owed is None:
            self.post_raw(connection, notice)
        else:
            connection.owed.outbox += notice
            self._clients.skip(connection, at.id)

    def close(self, connection: Connection, close: CloseCode) -> None:
        """Send a close frame after what is under way; harmless if it is closing or gone.

        The socket is cut CLOSE_TIMEOUT later at the latest.
        """
        if not connection.is_open:
            return
        self._journal.tell_closing(connection, close)
        self.before_close(connection)
        self.post_raw(connection, connection.feed.format.farewell(close))
        if connection.is_open:
            is_websocket = connection.feed.format.is_websocket
            self._tally.note_end(close.code, is_websocket=is_websocket)
            self._clients.begin_closing(connection, monotonic() + CLOSE_TIMEOUT)
            if connection.owed is None:
                self.sent_farewell(connection)

    def between_frames(self, connection: Connection, change: Callable[[], None]) -> None:
        """Change what follows for a client: now, or when the long frame under way is whole."""
        owed = connection.owed
        if owed is None or not owed.skip:
            change()
            return
        owed.deferred.append(change)
        connection.pause_reading(CHANGE)

    def _add_to_outbox(self, connection: Connection, owed: Owed, data: bytes) -> None:
        owed.outbox += data
        if len(owed.outbox) > MAX_OUTBOX + len(data):
            self.drop(connection)
        elif len(owed.outbox) > PAUSE_OUTBOX:
            connection.pause_reading(REPLIES)

    # Progress

    def fall_behind(self, connection: Connection, place: Place) -> None:
        """A live client is at this place of the log; catch-up sends it the rest."""
        self._clients.fall_behind(connection, place)
        self.catch_up.add(connection)

    def reached_head(self, connection: Connection) -> None:
        """It has been sent everything: live from now on."""
        self._clients.go_live(connection)

    def reached_gap(self, connection: Connection) -> None:
        """The log has forgotten what follows: it is told, and goes on at the head."""
        feed = connection.feed
        self.tell_gap(connection, Mark(feed.epoch, connection.sent_upto), TOO_OLD, feed.mark)

    def sent_outbox(self, connection: Connection) -> None:
        """It has taken its replies, so it may ask for more."""
        connection.resume_reading(REPLIES)

    def sent_frame(self, connection: Connection) -> None:
        """A long frame is whole: now the changes are made that have waited for that."""
        while connection.owed is not None and connection.owed.deferred:
            connection.owed.deferred.pop(0)()
        connection.resume_reading(CHANGE)

    def sent_farewell(self, connection: Connection) -> None:
        """Nothing follows; its own end of the connection is waited for."""
        self._clients.settle_up(connection)
        try:
            connection.finish_writing()
        except OSError:
            self.drop(connection)

    def drop(self, connection: Connection) -> None:
        """Forget a connection and close its socket, at once; harmless if it is gone already."""
        if connection.is_open:
            self._tally.note_cut(is_websocket=connection.feed.format.is_websocket)
        if connection.state is not State.GONE:
            if not connection.feed.format.is_websocket:  # The others confirm it themselves.
                connection.took_all = has_arrived(connection)
            self._clients.leave(connection)
            self._on_gone(connection)
