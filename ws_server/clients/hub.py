"""All connections of this process, and how one chunk reaches them.

Encode once, one write per connection and chunk, never wait for anybody: who
cannot take all of it falls behind and catches up from the log. The hub decides
nothing about Redis, timing or what a client says.
"""

from collections.abc import Callable, Mapping

import gevent

from common import channels
from common.addressing import Addressing
from common.message import Mark
from common.page import Page
from ws_server.clients.audience import Audiences
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.connection import NOWHERE, Connection
from ws_server.clients.fan_out import FanOut
from ws_server.clients.sender import Sender, cursor_of
from ws_server.door.listen import DEFAULT, Listen
from ws_server.log.feed import Feed
from ws_server.log.pieces import Mixed, Place
from ws_server.log.recent import Recent
from ws_server.wire.close_codes import GAP, KICKED
from ws_server.wire.gap_reasons import LOST, TOO_OLD

NOTICES = 100  # Gap notices between two turns of the event loop.


class Hub(Sender):
    """Owned by the event loop of one process: plain state, no lock."""

    def __init__(self, feeds: Mapping[str, Feed], on_gone: Callable[[Connection], None]) -> None:
        super().__init__()
        self.mark = Mark("", 0)  # Everything in the log up to here has been published.
        self.connections: dict[Connection, None] = {}
        self.recent = Recent()
        self._feeds = feeds
        # A dict, for its order: memory is walked as it was filled.
        self._listeners: dict[Feed, dict[Connection, None]] = {feed: {} for feed in feeds.values()}
        self._audiences = {feed: Audiences() for feed in feeds.values()}
        self._fan_out = FanOut(self.outgoing, self._fall_behind, self.drop)
        self._on_gone = on_gone

    # Joining and leaving

    def join(
        self,
        fd: int,
        on_readable: Callable[[Connection], None],
        listen: Listen = DEFAULT,
        beginning: Beginning = AT_THE_HEAD,
    ) -> Connection:
        """Take over a connected socket; it gets every message from its beginning on."""
        feed = self._feeds[listen.format_name]
        connection = Connection(fd, feed, self, on_readable)
        connection.channels, connection.grant = listen.channels, listen.grant
        connection.address = listen.address
        self.connections[connection] = None
        self._listeners[feed][connection] = None
        self._audiences[feed].add(connection)
        connection.watch()
        self._greet(connection, feed, beginning)
        return connection

    def _greet(self, connection: Connection, feed: Feed, beginning: Beginning) -> None:
        if beginning.refused is not None:
            self.close(connection, beginning.refused)
            return
        cursor = feed.head if beginning.cursor is None else beginning.cursor
        at, complete = Mark(feed.epoch, cursor), not beginning.missing
        greeting = feed.format.welcome(at, connection.channels, complete=complete)
        if beginning.missing:
            notice = feed.format.gap(at, beginning.asked, beginning.missing)
            if notice is None:
                self.close(connection, GAP)
                return
            # First: whoever gets only a part of both must not take the id without the gap.
            greeting = notice + greeting
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
        self._audiences[connection.feed].discard(connection)
        self.behind.discard(connection)
        self.closing.pop(connection, None)
        connection.release()
        self._on_gone(connection)

    def kick(self, user: str) -> None:
        """Close all connections of a user."""
        for audiences in self._audiences.values():
            for connection in audiences.members(channels.of_user(user)):
                self.close(connection, KICKED)

    def has_sent(self, format_name: str, id_: int) -> bool:
        """Whether memory has this message."""
        return self._feeds[format_name].has(id_)

    # Sending

    def give_back(self) -> None:
        """Nobody is behind: forget what is kept for those who are."""
        self.outgoing.forget()
        for feed in self._listeners:
            feed.give_back()

    def publish(self, page: Page) -> None:
        """Send new messages of the log to whom they are for; yields to the loop in between."""
        if not page:
            return
        try:
            for part in page.parts():
                self._publish_part(part)
        except BaseException:  # A stop, or the time-out of a hook: nobody is to miss anything.
            self._leave_to_catch_up(page.last)
            self.recent.rewind(page.last)
            self._kick_all(page.addressing)
            raise
        finally:
            self.mark = Mark(self.mark.epoch, page.last)

    def _publish_part(self, part: Page) -> None:
        self.recent.add(part.ids, part.recipients)
        for feed, listeners in self._listeners.items():
            if not listeners:
                feed.skip(part.last)
                continue
            piece = feed.append(part)
            if isinstance(piece, Mixed):
                self._fan_out.send_mixed(piece, listeners, self._audiences[feed])
            else:
                self._fan_out.send(piece, listeners)
            feed.done = piece.upto
        self._kick_all(part.addressing)

    def _kick_all(self, addressing: Addressing | None) -> None:
        for user in addressing.kicked if addressing else ():
            self.kick(user)

    def _leave_to_catch_up(self, upto: int) -> None:
        for feed, listeners in self._listeners.items():
            done = feed.done
            feed.skip(upto)
            for connection in list(listeners):
                if connection.cursor < upto:  # Live, and not everything may have been offered.
                    self._fall_behind(connection, Place(max(connection.cursor, done)))

    # Changing what is sent

    def subscribe(self, connection: Connection, wanted: frozenset[str]) -> Mark:
        """Let it listen to these channels instead, and say after which id; see `between_frames`."""
        feed, audiences = connection.feed, self._audiences[connection.feed]
        cursor = cursor_of(connection)
        if self.is_open(connection):
            audiences.discard(connection)
            connection.channels = wanted
            audiences.add(connection)
            if connection.owed is None and cursor < feed.head:
                # A fan-out is under way, for the audience that it has left.
                self._fall_behind(connection, Place(cursor))
        return Mark(feed.epoch, cursor)

    def rewind(self, mark: Mark, *, kept: int | None = None) -> None:
        """Go on after `mark`, and tell whoever can be told that messages are missing.

        `kept`: Redis has lost what came after this id; clients that are ahead of this process
        have more of what is left. None: nothing is lost, but the log has forgotten what came
        before `mark`, and nobody here has been sent it.
        """
        had, self.mark = self.mark, mark
        everybody = [(connection, cursor_of(connection)) for connection in self.connections]
        self.recent.rewind(mark.id)
        for feed in self._listeners:
            feed.rewind(mark)
        for connection, cursor in everybody:
            if connection.cursor != NOWHERE:
                connection.cursor = self._place_after(cursor, kept)
        # Those who are behind come first, before the loop has a turn: catch-up would take them for
        # clients that have everything, and let one go live in the middle of a frame.
        everybody.sort(key=lambda row: row[0].owed is None)
        for count, (connection, cursor) in enumerate(everybody):
            if kept is not None or cursor < mark.id:
                self._tell_rewound(connection, Mark(had.epoch, cursor), kept)
            if connection.owed is None and count % NOTICES == 0:
                gevent.sleep(0)

    def _place_after(self, cursor: int, kept: int | None) -> int:
        """Where a client goes on that was at `cursor` before a rewind."""
        return max(self.mark.id, cursor if kept is None else min(cursor, kept))

    def _tell_rewound(self, connection: Connection, had: Mark, kept: int | None) -> None:
        place, reason = self._place_after(had.id, kept), TOO_OLD if kept is None else LOST
        if connection.owed is not None:
            self._tell_gap(connection, had, reason, place)
        elif self.is_open(connection):
            at = Mark(self.mark.epoch, place)
            notice = connection.feed.format.gap(at, str(had), reason)
            if notice is not None:
                self._transmit(connection, notice)
            elif kept is None:
                self.close(connection, GAP)
