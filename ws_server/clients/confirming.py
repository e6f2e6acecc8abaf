"""How far clients have confirmed what they were sent, without any code of theirs.

A ping whose payload is an id rides behind a chunk, in the same send. Every WebSocket client answers
a ping by itself, after what came before it: so its pong confirms everything up to this id. A client
that says `{"confirm": "…"}`, or at its handshake that it will, is believed that alone: its pong
tells only that its socket was read. Where others are asked all the time, it is asked by a notice.

Time is counted in rounds of a second; of two, if many are asked, as pongs are most of what it
costs. In each, a client is pinged once at most: with the first chunk of the round; or, if none has
come soon, by a ping of its own, if it has been sent something since the last one. Nobody is pinged
who is not asked to confirm anything.
"""

from collections.abc import Callable, Collection
from time import monotonic, perf_counter

import gevent

from common.loops import repeat
from common.message import Mark
from common.metrics.numbers import Buckets
from ws_server.clients.connection import Clients, Connection, State
from ws_server.clients.sender import Sender
from ws_server.log.feed import Feed

ROUND, LONGEST_ROUND = 1.0, 2.0  # Seconds.
PONGS = 500  # A second; if more would come, a round is longer.
RIDE = 0.2  # So much of the shortest is waited for a chunk: a ping of its own costs a write.
PINGED_AT_ONCE = 200  # Clients, between two turns of the event loop.
VISITED_AT_ONCE = 20_000  # The same, where nobody is due.
TIMED = 64  # Pings that rode behind a chunk, of which the time is known.
TIMED_PONGS = 8  # Of so many pongs one is timed: there may be one a second for each client.

# The client, and the id up to which it had confirmed everything before, and has now.
OnConfirmed = Callable[[Connection, int, int], None]


class Ride:
    """A ping behind one chunk, for those who are due."""

    def __init__(
        self, frame: bytes, upto: int, number: int, asking: Collection[Connection] | None
    ) -> None:
        self.frame = frame
        self._upto = upto
        self._round = number
        self._asking = asking  # None: all.

    def due(self, members: Collection[Connection]) -> list[Connection]:
        """Those of them who are to be pinged now."""
        number, asking = self._round, self._asking
        some: Collection[Connection] = members
        if asking is not None:
            few, many = sorted((members, asking), key=len)
            some = [each for each in few if each in many]
        return [each for each in some if each.pinged_in != number and not each.confirms_by_command]

    def note(self, due: list[Connection]) -> None:
        """The chunk and the ping were sent to them; those who did not take it are due again."""
        for each in due:
            if each.cursor == self._upto:
                each.pinged, each.pinged_in = self._upto, self._round


class Confirming:
    """Who is asked to confirm, and who has. `on_confirmed` is called from the event loop."""

    def __init__(self, clients: Clients, sender: Sender) -> None:
        self.on_confirmed: list[OnConfirmed] = []
        self._clients = clients
        self._sender = sender
        sender.before_close = self.ask_last
        self._until = 0.0  # Up to this moment, all are asked.
        # These are asked always; or, if False, until they have confirmed something.
        self._asking: dict[Feed, dict[Connection, bool]] = {
            feed: {} for feed in clients.by_feed if feed.format.is_websocket
        }
        # Those who were sent something first, from before their place: the id of the last of it.
        self._first: dict[Connection, int] = {}
        self._round = 1
        self._rode: dict[Feed, int] = {}  # In which round all of a feed were pinged last.
        # When a ping with an id rode behind a chunk, and how long it took until its pong.
        self._rode_at: dict[int, float] = {}
        self._pongs = 0
        self.times = Buckets("written_to_confirmed_seconds")
        self._last = b""  # The last pong, and what was read in it.
        self._last_mark: Mark | None = None

    # Who is asked

    def want_until(self, moment: float) -> None:
        """Ask all clients, up to a moment of `time.monotonic()`; an earlier one changes nothing."""
        self._until = max(self._until, moment)

    def want_from(self, connection: Connection) -> None:
        """Ask this client for as long as it is here; without effect for a stream of events."""
        if connection.feed in self._asking:
            self._asking[connection.feed][connection] = True

    def want_once(self, connection: Connection) -> None:
        """Ask this client until it has confirmed something; if it is asked always, it still is."""
        if connection.feed in self._asking:
            self._asking[connection.feed].setdefault(connection, False)

    def ask_first(self, connection: Connection, last: int) -> None:
        """Ask it for what it was sent first, up to an id: that is confirmed by its place itself."""
        self._first[connection] = last
        connection.pinged = connection.confirmed - 1

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._first.pop(connection, None)
        if connection.feed in self._asking:
            self._asking[connection.feed].pop(connection, None)

    def wants(self, connection: Connection) -> bool:
        """Whether it is asked now, and by pings."""
        asking = self._asking.get(connection.feed)
        if asking is None or connection.confirms_by_command:
            return False
        return connection in asking or monotonic() < self._until

    # Pings

    def ride(self, feed: Feed, upto: int, *, is_for_all: bool) -> Ride | None:
        """The ping behind a chunk up to an id, if anybody wants one."""
        asking = self._asking.get(feed)
        if asking is None:
            return None
        wants_all = monotonic() < self._until
        if not (wants_all or asking) or self._rode.get(feed) == self._round:
            return None
        if is_for_all:
            self._rode[feed] = self._round
        frame = feed.format.ping(confirm=Mark(feed.epoch, upto))
        if len(self._rode_at) >= TIMED:
            del self._rode_at[next(iter(self._rode_at))]
        self._rode_at[upto] = perf_counter()
        return Ride(frame, upto, self._round, None if wants_all else asking)

    def round_seconds(self) -> float:
        """How long a round is, for as many as are asked now."""
        wants_all = monotonic() < self._until
        by_feed = self._clients.by_feed
        asked = sum(len(by_feed[each] if wants_all else few) for each, few in self._asking.items())
        return min(LONGEST_ROUND, max(ROUND, asked / PONGS))

    def run(self) -> None:
        """Begin one round after the other, for ever."""
        repeat("clients are asked to confirm", self._wait_and_ask)

    def _wait_and_ask(self) -> None:
        gevent.sleep(self.round_seconds() - ROUND * RIDE)
        self.begin_round(ROUND * RIDE)

    def begin_round(self, wait: float = 0.0) -> None:
        """After some seconds, ping those who have been sent something since they were pinged last.

        But for those behind whose chunk a ping has ridden meanwhile.
        """
        self._round += 1
        if wait:
            gevent.sleep(wait)
        # What was sent while all were asked is asked for, too, if that has just ended.
        wants_all = monotonic() < self._until + 2 * LONGEST_ROUND
        for feed, asking in self._asking.items():
            self._ask(list(self._clients.by_feed[feed] if wants_all else asking), asking)

    def _ask(self, some: list[Connection], asking: Collection[Connection]) -> None:
        pinged = 0
        for count, connection in enumerate(some):
            if connection.confirms_by_command and connection not in asking:
                continue  # It does so by itself if a receipt is asked for.
            if connection.pinged_in != self._round and _is_due(connection):
                connection.pinged_in = self._round
                self._sender.ask(connection)
                pinged += 1
            if pinged >= PINGED_AT_ONCE or count % VISITED_AT_ONCE == VISITED_AT_ONCE - 1:
                pinged = 0
                gevent.sleep(0)

    def ask_last(self, connection: Connection) -> None:
        """It is about to be closed: its pong comes before its answer to that."""
        if self.wants(connection) and _is_due(connection):
            self._sender.ask(connection)

    # Answers

    def take_pong(self, connection: Connection, payload: bytes) -> None:
        """The client has answered a ping."""
        if not payload or connection.confirms_by_command:
            return
        if payload != self._last:  # Of many clients it is the same.
            self._last, self._last_mark = payload, Mark.parse(payload.decode("latin-1"))
        mark = self._last_mark
        # It may say what it likes, but not more than it was asked.
        if mark is not None and mark.epoch == connection.feed.epoch:
            self._move(connection, mark.id, connection.pinged)
            self._pongs += 1
            if not self._pongs % TIMED_PONGS and mark.id in self._rode_at:
                self.times.note(perf_counter() - self._rode_at[mark.id])

    def take_command(self, connection: Connection, mark: Mark) -> bool:
        """The client says itself how far it is; False if it has not been sent so much."""
        connection.confirms_by_command = True
        if mark.epoch != connection.feed.epoch:
            return True  # Redis has lost messages since, which the client is told.
        if mark.id > connection.sent_upto:
            return False
        id_ = mark.id
        if id_ >= self._first.get(connection, id_ + 1):
            id_ = max(id_, connection.confirmed)  # What it was sent first has older ids.
        self._move(connection, id_, id_)
        return True

    def _move(self, connection: Connection, id_: int, most: int) -> None:
        before = connection.confirmed
        if before > id_ or id_ > most or connection.state is State.GONE:
            return
        if before == id_ and connection not in self._first:
            return
        connection.confirmed = id_
        connection.pinged = max(connection.pinged, id_)
        # A crowd does this once a round: so what is empty is not looked into.
        if self._first:
            self._first.pop(connection, None)
        asking = self._asking[connection.feed]
        if asking and asking.get(connection) is False:
            del asking[connection]
        for told in self.on_confirmed:
            told(connection, before, id_)


def _is_due(connection: Connection) -> bool:
    """Whether it is open, and has been sent something since it was asked."""
    if connection.state is State.LIVE:
        return connection.cursor > connection.pinged
    owed = connection.owed
    if owed is None or owed.outbox:  # A ping would wait behind that.
        return False
    return connection.is_open and owed.cursor > connection.pinged
