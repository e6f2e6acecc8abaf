"""Remembers for clients of Pusher's protocol how far they are: those with a name before `/app/`.

A client has a place in the log for each of its channels, as it is let into each anew every time. It
confirms what it was sent by `pusher:pong`: its library sends that after it has passed on all that
came before the ping. Those who were sent something are asked soon, and Redis is told what has moved
soon after. So a process that is killed takes few confirmations with it: its clients are sent those
messages once more, and miss none. With many clients there is more time between two rounds.
"""

import logging
from itertools import islice
from time import monotonic

import gevent
from gevent.event import Event

from common.errors import QueueUnavailable
from common.loops import repeat
from common.message import Mark
from common.outage import Unwritten
from common.page import Page
from common.store.places import MOST_MOVES, Move, Places
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.pusher import answers
from ws_server.pusher.trail import Trail

log = logging.getLogger(__name__)

LEAST = 0.01  # Seconds between two rounds. To tell Redis takes 0.2 ms of a round.
AGAIN = 0.2  # Seconds, when Redis has not answered.
# To ask a client, to read its answer and to note it takes 36 us: so this is 4% of a processor at
# the most, however much is sent; to send 1,000 clients 20 messages a second takes 12%.
ASKS_PER_SECOND, ASKED_AT_ONCE = 1_000, 200
QUIET = 10.0  # Seconds after which those who were sent nothing are asked, too.
MOST_UNWRITTEN = 100_000  # Places, while Redis is away. Of those beyond, more is sent once more.
REFRESHES = 4  # In the time for which a client is remembered, as long as it is here.
NOWHERE = Mark("0", 0)  # Of a channel that a client has left.


class Memory:
    """Of all of them that are here."""

    def __init__(
        self, places: Places, seconds: float, hub: Hub, most_per_second: float = 0.0
    ) -> None:
        """`most_per_second`: so many messages a client may send, and its answers are some."""
        self._places = places
        self._sender = hub.sender
        self._least = max(LEAST, 2 / most_per_second) if most_per_second else LEAST
        self._wake = Event()
        self._quiet_at = 0.0
        self._asks_all = False  # In this turn, also those who were sent nothing.
        self._here: dict[Connection, Trail] = {}
        self._due: list[Connection] = []  # Those who are yet to be asked in this turn.
        self._moves: dict[str, Move] = {}  # To be written, by the name of the place.
        self._unwritten = Unwritten(log, "How far clients of Pusher's protocol are is")
        self._refresh_every = seconds / REFRESHES
        self._refresh_at = monotonic() + self._refresh_every
        hub.on_sent.append(self.note)
        hub.confirming.on_confirmed.append(self.confirm_by_frame)

    def note(self, _sent: Page) -> None:
        """Something was sent, perhaps to some of them."""
        if self._here:
            self._wake.set()

    def begin(self, connection: Connection, name: str) -> None:
        """A client has come."""
        self._here[connection] = Trail(name)

    def recall(self, connection: Connection, channel: str, now: Mark) -> Mark | None:
        """Up to where a client has everything of a channel.

        None: it was not in, or is not known. Then it begins now.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        trail = self._here.get(connection)
        if trail is None:
            return None
        place = _place_of(trail, channel)
        if place in self._moves:  # It was here a moment ago.
            self._write([place])
        known = self._places.join(place, now)
        return None if known is None or known.mark == NOWHERE else known.mark

    def entered(self, connection: Connection, channel: str, after: int) -> None:
        """See `Trail.enter`."""
        trail = self._here.get(connection)
        if trail is not None:
            trail.enter(channel, after)
            self._note(connection, trail, [channel])

    def left(self, connection: Connection, channel: str) -> None:
        """A client wants no more of a channel: what comes until it wants it again is not for it."""
        trail = self._here.get(connection)
        if trail is not None:
            trail.leave(channel)
            place = _place_of(trail, channel)
            self._keep(Move(place, NOWHERE, None, "set"))
            self._wake.set()

    def confirm(self, connection: Connection) -> None:
        """A client has answered a ping."""
        trail = self._here.get(connection)
        if trail is not None:
            self._note(connection, trail, trail.confirm())

    def confirm_by_frame(self, connection: Connection, _before: int, upto: int) -> None:
        """A client has answered a ping of WebSocket."""
        trail = self._here.get(connection)
        if trail is not None:
            self._note(connection, trail, trail.confirm_pings(upto))

    def confirm_all(self, connection: Connection) -> None:
        """A client has answered our close, after all that it was sent."""
        trail = self._here.get(connection)
        if trail is not None:
            self._note(connection, trail, trail.confirm_upto(connection.pinged))

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._here.pop(connection, None)

    def _note(self, connection: Connection, trail: Trail, channels: list[str]) -> None:
        if channels:
            self._wake.set()
        for channel in channels:
            place = _place_of(trail, channel)
            mark = Mark(connection.feed.epoch, trail.places[channel])
            how = self._moves[place].how if place in self._moves else "move"
            self._keep(Move(place, mark, None, how))

    def _keep(self, move: Move) -> None:
        self._moves[move.name] = move
        while len(self._moves) > MOST_UNWRITTEN:
            del self._moves[next(iter(self._moves))]

    # Soon after something was sent or confirmed

    def run(self) -> None:
        """Ask clients, and tell Redis, for ever."""
        repeat("clients of Pusher's protocol are remembered", self._wait_and_do_round)

    def _wait_and_do_round(self) -> None:
        self._wake.wait(QUIET)
        self._wake.clear()
        gevent.sleep(self.do_round(monotonic()))

    def do_round(self, now: float) -> float:
        """Ask those who have been sent something, and tell Redis what has moved.

        For so many seconds nothing is done then.
        """
        pause = self._ask(now)
        if now >= self._refresh_at:
            self._refresh_at = now + self._refresh_every
            for connection, trail in self._here.items():
                self._note(connection, trail, list(trail.places))
        try:
            self.write()
            self._unwritten.note(None)
        except QueueUnavailable as problem:
            self._unwritten.note(problem)
            self._wake.set()
            pause = AGAIN
        return max(pause, self._least)

    def _ask(self, now: float) -> float:
        if not self._due:
            self._due = list(self._here)
            self._asks_all = now >= self._quiet_at
            if self._asks_all:
                self._quiet_at = now + QUIET
        some, self._due = self._due[:ASKED_AT_ONCE], self._due[ASKED_AT_ONCE:]
        if self._due:
            self._wake.set()
        return sum(self._ask_one(each, now) for each in some) / ASKS_PER_SECOND

    def _ask_one(self, connection: Connection, now: float) -> bool:
        trail, upto = self._here.get(connection), connection.sent_upto
        if trail is None or not connection.is_open:
            return False
        last = upto if connection.owed or self._asks_all else connection.cursor
        is_due = trail.ask(upto, last, now)
        if is_due and trail.by_frames:
            self._sender.ask(connection)
        elif is_due:
            self._sender.post_raw(connection, answers.PING)
        return is_due

    def stop(self, limit: float) -> None:
        """Tell Redis what it does not know, within so many seconds."""
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                self.write()
        except QueueUnavailable as problem:
            log.warning("Stopping; some clients will be sent messages again: %s", problem.reason)

    def write(self) -> None:
        """Tell Redis everything.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        while self._moves:
            self._write(list(islice(self._moves, MOST_MOVES)))

    def _write(self, places: list[str]) -> None:
        some = {place: self._moves[place] for place in places}
        self._places.write(list(some.values()))
        for place, move in some.items():
            if self._moves.get(place) is move:  # Else it has moved meanwhile.
                del self._moves[place]


def _place_of(trail: Trail, channel: str) -> str:
    return f"{trail.name}/{channel}"
