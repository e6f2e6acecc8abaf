"""Remembers, for clients that cannot, how far they are: those with `?client=`, and users.

While they are connected, Redis is told every second which of them have confirmed more, many in one
command; and at once of those that leave. So a process that is killed takes a second of
confirmations with it: its clients are sent some messages once more, and miss none.
"""

import logging
from collections.abc import Callable
from itertools import islice
from time import monotonic

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from common.loops import repeat
from common.message import Mark
from common.outage import Unwritten
from common.store.places import MOST_CLIENTS, MOST_MOVES, How, Known, Move, Places
from ws_server.clients.connection import Connection
from ws_server.relay.loss import is_ahead
from ws_server.relay.streams import Streams

log = logging.getLogger(__name__)

ROUND = 1.0  # Seconds between two writes of what was confirmed.
GATHER = 0.02  # Seconds in which those who leave are gathered.
MOST_COMMANDS = 20  # In a round; who has to wait for the next is sent more once more.
REFRESHES = 4  # In the time for which a client is remembered, as long as it is connected.


NameOf = Callable[[Connection], str]


def name_of_client(connection: Connection) -> str:
    """What it has said itself, and its user."""
    return connection.remembered_as


class ClientMemory:
    """What Redis is to be told, and what it knew."""

    def __init__(self, places: Places, seconds: float, name_of: NameOf = name_of_client) -> None:
        self._places = places
        self._name_of = name_of
        self._streams = Streams()
        self._from: dict[Connection, Mark] = {}  # It has not confirmed what waited for it.
        self._refresh_every = seconds / REFRESHES
        self._refresh_at = monotonic() + self._refresh_every
        self._epoch = ""  # In a new one, Redis may have lost what it was told.
        self._here: dict[Connection, None] = {}
        self._by_name: dict[str, list[Connection]] = {}
        # The most that one was sent of those that left while another one of the name is here.
        self._sent: dict[str, Mark] = {}
        self._moved: dict[Connection, None] = {}  # They have confirmed more than is written.
        self._moves: dict[str, Move] = {}  # To be written at once, by name.
        self._wake = Event()
        self._write_moved_at = 0.0
        self._writing = BoundedSemaphore()
        self._unwritten = Unwritten(log, "How far clients are is")

    # Clients

    def recall(self, name: str, head: Mark) -> Known | None:
        """What is known of a client that comes; None: nothing, and it begins at the head.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        for connection in self._by_name.get(name, ()):
            if self._moved.pop(connection, self) is None:
                self._put(self._move_of(connection))
        if name in self._moves:  # It was here a moment ago.
            with self._writing:
                self._write([name])
        return self._places.join(name, head)

    def enter(
        self,
        connection: Connection,
        *,
        is_set: bool = False,
        is_new: bool = False,
        since: Mark | None = None,
    ) -> None:
        """A client has been taken in. `is_set`: what was known of it does not hold any more.

        `is_new`: maybe nothing was. `since`: up to its first pong it is there, not where it begins.
        """
        self._here[connection] = None
        self._by_name.setdefault(self._name_of(connection), []).append(connection)
        if not connection.feed.format.is_websocket:
            self._streams.enter(connection, since)
        elif since is not None:
            self._from[connection] = since
        if is_set:
            self._put(self._move_of(connection, how="set"))
        elif is_new:
            self._moved[connection] = None

    def note(self, connection: Connection, _before: int, _after: int) -> None:
        """A client has confirmed more."""
        if connection in self._here:
            self._moved[connection] = None
            self._from.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        """A client is gone."""
        if connection not in self._here:
            return
        del self._here[connection]
        self._moved.pop(connection, None)
        name, sent = self._name_of(connection), Mark(connection.feed.epoch, connection.pinged)
        before = self._sent.pop(name, sent)
        most = before if is_ahead(before, sent) else sent
        others = self._by_name[name]
        others.remove(connection)
        if others:
            self._sent[name] = most
        else:
            del self._by_name[name]
        self._put(self._move_of(connection, None if others else most))
        self._from.pop(connection, None)
        self._streams.leave(connection)

    def _put(self, move: Move) -> None:
        waiting = self._moves.get(move.name)
        if waiting is not None and waiting.how == "set":
            move = move._replace(how="set")
        elif waiting is not None and move.how == "move" and is_ahead(waiting.mark, move.mark):
            move = move._replace(mark=waiting.mark)  # What another connection of it has confirmed.
        if len(self._moves) >= MOST_CLIENTS and waiting is None:
            # Redis is away, and remembers no more. This one is sent more once more.
            del self._moves[next(iter(self._moves))]
        self._moves[move.name] = move
        self._wake.set()

    # Redis

    def run(self) -> None:
        """Tell Redis, for ever."""
        repeat("places of clients are written", self._wait_and_write)

    def _wait_and_write(self) -> None:
        if self._wake.wait(ROUND):
            gevent.sleep(GATHER)
        self.write(monotonic())

    def write(self, now: float) -> None:
        """Tell Redis what is due; who is left is told of in the next round."""
        self._wake.clear()
        epoch = next((each.feed.epoch for each in self._here), self._epoch)
        may_be_lost, self._epoch = self._epoch not in ("", epoch), epoch
        if now >= self._refresh_at or may_be_lost:
            self._refresh_at = now + self._refresh_every
            self._moved.update(self._here)
        if now >= self._write_moved_at:
            self._write_moved_at = now + ROUND
            for connection in self._streams.note():  # Each at once: it may leave meanwhile.
                self._moved[connection] = None
            self._gather_moved()
        try:
            self._write_all(MOST_COMMANDS)
            self._unwritten.note(None)
        except QueueUnavailable as problem:
            self._unwritten.note(problem)
            gevent.sleep(ROUND)

    def stop(self, limit: float) -> None:
        """Tell Redis everything that it does not know, within `limit` seconds."""
        self._gather_moved(len(self._moved))
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                self._write_all(len(self._moves) // MOST_MOVES + 1)
        except QueueUnavailable as problem:
            log.warning("Stopping; some clients will be sent messages again: %s", problem.reason)

    def _gather_moved(self, most: int = MOST_COMMANDS * MOST_MOVES) -> None:
        for connection in list(self._moved)[:most]:
            del self._moved[connection]
            self._put(self._move_of(connection))

    def _write_all(self, most_commands: int) -> None:
        with self._writing:
            for _ in range(most_commands):
                if not self._moves:
                    return
                self._write(list(islice(self._moves, MOST_MOVES)))

    def _write(self, names: list[str]) -> None:
        some = {name: self._moves[name] for name in names if name in self._moves}
        self._places.write(list(some.values()))
        for name, move in some.items():
            if self._moves.get(name) is move:  # Else it has moved meanwhile.
                del self._moves[name]

    def _move_of(self, connection: Connection, sent: Mark | None = None, how: How = "move") -> Move:
        mark = self._streams.place_of(connection) or self._from.get(connection)
        mark = mark or Mark(connection.feed.epoch, connection.confirmed)
        return Move(self._name_of(connection), mark, sent, how)
