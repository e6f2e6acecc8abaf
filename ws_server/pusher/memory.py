"""Remembers for clients of Pusher's protocol how far they are: those with a name before `/app/`.

A client has a place in the log for each of its channels, as it is let into each anew every time. It
confirms what it was sent by `pusher:pong`: its library sends that after it has passed on all that
came before the ping. Redis is told what has moved a few times a second. So a process that is killed
takes some confirmations with it: its clients are sent some messages once more, and miss none.
"""

import logging
from collections import deque
from itertools import islice
from time import monotonic

import gevent

from common.errors import QueueUnavailable
from common.loops import repeat
from common.message import Mark
from common.outage import Unwritten
from common.store.places import MOST_MOVES, Move, Places
from ws_server.clients.connection import Connection
from ws_server.clients.sender import Sender
from ws_server.pusher import answers

log = logging.getLogger(__name__)

ROUND = 0.2  # Seconds.
# Of many clients a part is asked in each round: all of them in a second.
ASKED_AT_ONCE, PARTS = 500, 5
MOST_PINGS = 5  # That a client has yet to answer: one that answers none is not asked for ever.
MOST_UNWRITTEN = 100_000  # Places, while Redis is away. Of those beyond, more is sent once more.
REFRESHES = 4  # In the time for which a client is remembered, as long as it is here.
NOWHERE = Mark("0", 0)  # Of a channel that a client has left.


class Trail:
    """How far one client is. `asked` and the others count how often it has entered a channel."""

    __slots__ = ("_asked", "_entered", "_entries", "_upto", "name", "pings", "places")

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[str, int] = {}  # Channels, and the id up to which all is confirmed.
        self.pings: deque[tuple[int, int]] = deque()  # Up to which id, and after how many entries.
        self._entered: dict[str, int] = {}
        self._entries = self._asked = self._upto = 0

    def enter(self, channel: str, after: int) -> None:
        """It has everything of a channel up to an id, and is being sent what follows."""
        self._entries += 1
        self._entered[channel] = self._entries
        self.places[channel] = after

    def leave(self, channel: str) -> bool:
        """It wants no more of a channel; False if it was not in."""
        self._entered.pop(channel, None)
        return self.places.pop(channel, None) is not None

    def ask(self, upto: int) -> bool:
        """Whether it is to be asked now to confirm what it was sent, up to an id."""
        is_new = upto > self._upto or self._entries > self._asked
        if not (is_new and self.places) or len(self.pings) >= MOST_PINGS:
            return False
        self._upto, self._asked = upto, self._entries
        self.pings.append((upto, self._entries))
        return True

    def confirm(self) -> list[str]:
        """It has answered the oldest ping: the channels in which it is further now."""
        if not self.pings:
            return []
        upto, entries = self.pings.popleft()
        return self.confirm_upto(upto, entries)

    def confirm_upto(self, upto: int, entries: int | None = None) -> list[str]:
        """The same, up to an id; of those channels that it had entered then, or of all."""
        moved = [
            channel
            for channel, at in self.places.items()
            if at < upto and (entries is None or self._entered[channel] <= entries)
        ]
        self.places |= dict.fromkeys(moved, upto)
        return moved


class Memory:
    """Of all of them that are here."""

    def __init__(self, places: Places, seconds: float, sender: Sender) -> None:
        self._places = places
        self._sender = sender
        self._here: dict[Connection, Trail] = {}
        self._due: list[Connection] = []  # Those who are yet to be asked in this turn.
        self._moves: dict[str, Move] = {}  # To be written, by the name of the place.
        self._unwritten = Unwritten(log, "How far clients of Pusher's protocol are is")
        self._refresh_every = seconds / REFRESHES
        self._refresh_at = monotonic() + self._refresh_every

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
        if trail is not None and trail.leave(channel):
            place = _place_of(trail, channel)
            self._moves[place] = Move(place, NOWHERE, None, "set")

    def confirm(self, connection: Connection) -> None:
        """A client has answered a ping."""
        trail = self._here.get(connection)
        if trail is not None:
            self._note(connection, trail, trail.confirm())

    def confirm_all(self, connection: Connection) -> None:
        """A client has answered our close, after all that it was sent."""
        trail = self._here.get(connection)
        if trail is not None:
            self._note(connection, trail, trail.confirm_upto(connection.pinged))

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._here.pop(connection, None)

    def _note(self, connection: Connection, trail: Trail, channels: list[str]) -> None:
        for channel in channels:
            place = _place_of(trail, channel)
            mark = Mark(connection.feed.epoch, trail.places[channel])
            how = self._moves[place].how if place in self._moves else "move"
            self._moves[place] = Move(place, mark, None, how)
        while len(self._moves) > MOST_UNWRITTEN:
            del self._moves[next(iter(self._moves))]

    # A few times a second

    def run(self) -> None:
        """Ask clients, and tell Redis, for ever."""
        repeat("clients of Pusher's protocol are remembered", self._wait_and_do_round)

    def _wait_and_do_round(self) -> None:
        gevent.sleep(ROUND)
        self.do_round(monotonic())

    def do_round(self, now: float) -> None:
        """Ask those who have been sent something, and tell Redis what has moved."""
        self._ask()
        if now >= self._refresh_at:
            self._refresh_at = now + self._refresh_every
            for connection, trail in self._here.items():
                self._note(connection, trail, list(trail.places))
        try:
            self.write()
            self._unwritten.note(None)
        except QueueUnavailable as problem:
            self._unwritten.note(problem)

    def _ask(self) -> None:
        if not self._due:
            self._due = list(self._here)
        part = max(ASKED_AT_ONCE, len(self._here) // PARTS + 1)
        some, self._due = self._due[:part], self._due[part:]
        for connection in some:
            trail = self._here.get(connection)
            if trail is not None and connection.is_open and trail.ask(connection.sent_upto):
                self._sender.post_raw(connection, answers.PING)

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
