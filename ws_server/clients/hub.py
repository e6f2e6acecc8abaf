"""All clients of this process, and how new messages reach them.

They are encoded once, and sent with one write for each client and chunk. Nobody is waited for: a
client that cannot take all of it falls behind, and catches up from the log. The hub decides
nothing about Redis, timing or what a client says.
"""

from collections.abc import Callable, Mapping
from time import perf_counter, time

import gevent

from common import channels
from common.message import Mark
from common.page import Page
from ws_server.clients.audience import Audiences
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.confirming import Confirming
from ws_server.clients.connection import Clients, Connection, State
from ws_server.clients.fan_out import FanOut
from ws_server.clients.greeting import greeting_for
from ws_server.clients.journal import Journal
from ws_server.clients.sender import Sender
from ws_server.clients.tally import Tally
from ws_server.clients.witness import Witness
from ws_server.door.listen import DEFAULT, Listen
from ws_server.log.chunk import Chunk, Place
from ws_server.log.feed import NO_CHANNELS, Feed
from ws_server.log.pieces import Mixed
from ws_server.log.recent import Recent
from ws_server.wire.close_codes import GAP, KICKED
from ws_server.wire.gap_reasons import LOST, TOO_OLD

NOTICES = 100  # Gap notices between two turns of the event loop.


class Hub:
    """Owned by the event loop of one process: plain state, no lock."""

    def __init__(self, feeds: Mapping[str, Feed], on_gone: Callable[[Connection], None]) -> None:
        self.mark = Mark("", 0)  # Everything in the log up to here has been published.
        self.clients = Clients(feeds.values())
        self.tally, self.journal, self.recent = Tally(), Journal(), Recent()
        self.sender = Sender(self.clients, self._forget, self.tally, self.journal)
        self.confirming = Confirming(self.clients, self.sender)
        self.on_sent: list[Callable[[Page], None]] = []
        self.witness, self._feeds, self._on_gone = Witness(), feeds, on_gone
        self.audiences = {feed: Audiences() for feed in feeds.values()}
        self._fan_out = FanOut(self.sender, self.sender.lender, self.tally, self.sender.numbers)

    @property
    def connections(self) -> list[Connection]:
        """All that are here now, also those that are closing; a list of its own each time."""
        return self.clients.all

    def count_by_format(self) -> dict[str, int]:
        """How many are here, also those that are closing."""
        return {name: len(self.clients.by_feed[feed]) for name, feed in self._feeds.items()}

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
        connection = Connection(fd, feed, self.sender, on_readable)
        connection.channels, connection.grant = listen.channels or NO_CHANNELS, listen.grant
        connection.address, connection.confirms_by_command = listen.address, listen.confirms
        if listen.client:
            connection.remembered_as = listen.remembered_as
            self.confirming.want_from(connection)
        self.clients.join(connection)
        self.audiences[feed].add(connection)
        connection.start_reading()
        if listen.last_id is not None:
            self.tally.note_resume(beginning.missing, is_refused=beginning.refused is not None)
        self._greet(connection, listen.session, beginning)
        return connection

    def _greet(self, connection: Connection, session: str, beginning: Beginning) -> None:
        feed = connection.feed
        cursor = feed.head if beginning.cursor is None else beginning.cursor
        connection.confirmed = connection.pinged = cursor
        self.witness.joined(connection, cursor, has_it=beginning.is_resumed)
        if beginning.refused is not None:
            self.sender.close(connection, beginning.refused)
            return
        if beginning.missing:
            self.tally.note_gap(beginning.missing)
        greeting = greeting_for(connection, beginning, cursor, session)
        if greeting is None:
            self.sender.close(connection, GAP)
            return
        if beginning.waited is not None:
            self.witness.sends_first(connection, beginning.waited)
        if cursor < feed.head or beginning.waited is not None:
            self.sender.fall_behind(connection, Place(cursor, rest=greeting))
            return
        self.clients.move(connection, cursor)  # Another process may have been ahead of this one.
        if greeting:
            self.sender.post_raw(connection, greeting)

    def _forget(self, connection: Connection) -> None:
        self.audiences[connection.feed].discard(connection)
        self.confirming.forget(connection)
        self._on_gone(connection)

    def kick(self, user: str) -> None:
        """Close all connections of a user."""
        for audiences in self.audiences.values():
            for connection in audiences.members(channels.of_user(user)):
                self.sender.close(connection, KICKED)

    def has_sent(self, format_name: str, id_: int) -> bool:
        """Whether memory has this message."""
        return self._feeds[format_name].has(id_)

    # Sending

    def give_back(self) -> None:
        """Give back the memory that is kept for clients that are behind: nobody is."""
        self.sender.lender.give_back()
        for feed in self.clients.by_feed:
            feed.give_back()

    def publish(self, page: Page) -> None:
        """Send new messages of the log to their recipients; yields to the loop in between."""
        if not page:
            return
        began, before = perf_counter(), self.tally.deliveries
        self.witness.open(page)
        try:
            for part in page.parts():
                self._publish_part(part)
        except BaseException:  # A stop, or a time-out of a hook. Nobody may miss a message by it.
            self._leave_to_catch_up(page.last)
            self.recent.rewind(page.last)
            self._act_on(page)
            raise
        finally:
            self.mark = Mark(self.mark.epoch, page.last)
            self.witness.close()
        self.journal.tell_sent(page, self.tally.deliveries - before, began, self.mark)

    def _publish_part(self, part: Page) -> None:
        began, tally, last = perf_counter(), self.tally, part.last
        self.recent.add(part.ids, part.recipients)
        tally.sent += len(part.ids)
        for name, feed in self._feeds.items():
            listeners = self.clients.by_feed[feed]
            if not listeners:
                feed.skip(last)
                continue
            before = tally.deliveries
            piece = feed.append(part)
            ride = self.confirming.ride(feed, piece.upto, is_for_all=isinstance(piece, Chunk))
            if isinstance(piece, Mixed):
                self._fan_out.send_mixed(piece, listeners, self.audiences[feed], ride)
            elif piece.data:  # Else this format has nothing for everybody.
                self._fan_out.send(piece, listeners, ride)
            feed.done = piece.upto
            tally.by_format[name] += tally.deliveries - before
        tally.fan_out.note(perf_counter() - began)
        tally.chunk.note(len(part.ids))
        age = time() - (last >> 64) / 1000  # By two clocks.
        tally.written.note(age if age > 0 else 0.0)
        self._act_on(part)

    def _act_on(self, sent: Page) -> None:
        """What else some messages bring about; twice is as good as once."""
        for act in self.on_sent:
            act(sent)
        for user in sent.addressing.kicked if sent.addressing else ():
            self.kick(user)

    def _leave_to_catch_up(self, upto: int) -> None:
        for feed, listeners in self.clients.by_feed.items():
            done = feed.done
            feed.skip(upto)
            for connection in list(listeners):
                # It may not have been offered everything.
                if connection.state is State.LIVE and connection.cursor < upto:
                    self.sender.fall_behind(connection, Place(max(connection.cursor, done)))

    # Changing what is sent

    def subscribe(self, connection: Connection, wanted: frozenset[str]) -> Mark:
        """Let it listen to these channels instead, and say after which id.

        To be called by way of `Sender.between_frames`.
        """
        feed, audiences = connection.feed, self.audiences[connection.feed]
        cursor = connection.sent_upto
        if connection.is_open:
            self.witness.changes(connection, cursor, wanted)
            audiences.move(connection, wanted)
            if connection.state is State.LIVE and cursor < feed.head:
                # A fan-out is under way, and would pass it over in its new audience.
                self.sender.fall_behind(connection, Place(cursor))
        return Mark(feed.epoch, cursor)

    def rewind(self, mark: Mark, *, kept: int | None = None) -> None:
        """Go on after `mark`, and tell those clients that can be told that messages are missing.

        `kept`: Redis has lost what came after this id; clients that are ahead of this process
        have more of what is left. None: nothing is lost, but the log has forgotten what came
        before `mark`, and nobody here has been sent it.
        """
        self.witness.rewind()
        epoch, self.mark = self.mark.epoch, mark
        everybody = self.connections
        live = [(each, each.sent_upto) for each in everybody if each.state is State.LIVE]
        # Also those who are closing: a long frame may be under way.
        owed = [(each, each.sent_upto) for each in everybody if each.owed is not None]
        self.recent.rewind(mark.id)
        for feed in self.clients.by_feed:
            feed.rewind(mark)
        for connection, had in live:
            self.clients.move(connection, self._place_after(had, kept))
        for connection, had in live + owed:  # What they have confirmed is lost, too.
            place = self._place_after(had, kept)
            connection.confirmed = min(connection.confirmed, place)
            connection.pinged = min(connection.pinged, place)
        # Before the loop has a turn: catch-up would let one go live in the middle of a frame.
        for connection, had in owed:
            self._tell_rewound(connection, Mark(epoch, had), kept)
        for count, (connection, had) in enumerate(live):
            self._tell_rewound(connection, Mark(epoch, had), kept)
            if count % NOTICES == 0:
                gevent.sleep(0)

    def _place_after(self, had: int, kept: int | None) -> int:
        """Where a client goes on that had everything up to an id before a rewind."""
        return max(self.mark.id, had if kept is None else min(had, kept))

    def _tell_rewound(self, connection: Connection, had: Mark, kept: int | None) -> None:
        if kept is None and had.id >= self.mark.id:
            return  # It misses nothing.
        at = Mark(self.mark.epoch, self._place_after(had.id, kept))
        reason = TOO_OLD if kept is None else LOST
        # A live one that cannot be told of a loss goes on: it has been sent all that was lost.
        is_closed = connection.owed is not None or kept is None
        self.sender.tell_gap(connection, had, reason, at, or_close=is_closed)
