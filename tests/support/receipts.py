"""Clients of which a test says where in the log each of them is, for what is counted of them.

Unrealistic: nothing is written to their sockets.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from common.message import format_id
from common.page import Page
from common.receipt import Counted, Numbers
from tests.support.fake_log import FakeLog
from tests.support.parts import Peers
from ws_server.clients.audience import Audiences
from ws_server.clients.connection import Clients, Connection, State
from ws_server.clients.journal import Journal
from ws_server.clients.sender import Sender
from ws_server.clients.tally import Tally
from ws_server.door.grant import Grant
from ws_server.log.chunk import Place
from ws_server.log.feed import Feed
from ws_server.pusher.frames import PusherFrames
from ws_server.receipts.receipts import Receipts
from ws_server.wire.formats import all_formats


def at_of(number: int) -> int:
    """The id in the log of a message: four share a millisecond, and two of them a stretch."""
    return number // 4 << 64 | number % 4 * 500


class Told(NamedTuple):
    """What Redis would know of a message by this process."""

    number: int
    numbers: Numbers
    users: Mapping[str, Numbers] | None
    is_cut: bool


class Asked:
    """Whoever has clients asked to confirm; here the test confirms for them."""

    def __init__(self) -> None:
        self.on_confirmed: list[Callable[[Connection, int, int], None]] = []
        self.until = -inf
        self.some: list[Connection] = []

    def want_until(self, moment: float) -> None:
        self.until = moment

    def want_once(self, connection: Connection) -> None:
        self.some.append(connection)


class Hall:
    """The clients of a process. Messages are numbered."""

    def __init__(self) -> None:
        log, self._peers, self.asked, self.now = FakeLog(), Peers(), Asked(), 0.0
        formats = {**all_formats(""), "pusher": PusherFrames(str)}
        self.feeds = {name: Feed(log, form, 1000) for name, form in formats.items()}
        self.clients = Clients(self.feeds.values())
        self._audiences = {feed: Audiences() for feed in self.feeds.values()}
        self._sender = Sender(self.clients, self._forget, Tally(), Journal())
        self.receipts = Receipts(
            self.clients, self._audiences.values(), self.asked, lambda: self.now
        )
        self._stretches: dict[str, Counted] = {}  # As told last.
        self._names: dict[int, tuple[str, ...]] = {}

    def publish(self, first: int, names: Sequence[tuple[str, ...]]) -> None:
        """Offer messages, numbered from `first` on, to all who are live: they take them."""
        numbers = range(first, first + len(names))
        self._names.update(zip(numbers, names, strict=True))
        ids = [format_id(at_of(number)) for number in numbers]
        recipients = list(names) if any(names) else None
        page = Page(ids, [b"x"] * len(ids), recipients, [b"0"] * len(ids))
        self.receipts.open(page)
        for feed in self.feeds.values():
            feed.skip(page.last)
        self.receipts.close()

    def join(
        self,
        cursor: int,
        channels: frozenset[str] = frozenset(),
        user: str | None = None,
        form: str = "text",
        *,
        asked: bool = False,
    ) -> Connection:
        """A client that begins after a message; `asked`: it says that it has all up to that."""
        feed = self.feeds[form]
        connection = Connection(self._peers.make()[0], feed, self._sender, lambda _: None)
        connection.channels, connection.grant = channels, Grant(user)
        connection.confirmed = connection.pinged = at_of(cursor)
        self.clients.join(connection)
        self._audiences[feed].add(connection)
        at = at_of(cursor)
        self.receipts.joined(connection, at, has_it=asked)
        if at < feed.head:
            self.clients.fall_behind(connection, Place(at))
        else:
            self.clients.move(connection, at)
        return connection

    def join_after(self, waited: Sequence[int], user: str) -> Connection:
        """A client at the head, to which these messages are to be sent first."""
        page = Page([format_id(at_of(number)) for number in waited], [], None, [b"r"] * len(waited))
        connection = self.join(max(self._names), frozenset({f"user:{user}"}), user, asked=False)
        self.receipts.waited.begin(connection, page)
        self.clients.fall_behind(connection, Place(connection.cursor, rest=b"waited"))
        return connection

    def take_outbox(self, connection: Connection) -> None:
        """Its socket has taken what it was sent first."""
        if connection.owed is not None:
            connection.owed.outbox.clear()

    def place(self, connection: Connection, number: int) -> None:
        """Its socket has taken everything up to a message."""
        at = at_of(number)
        if connection.state is State.LIVE and at < connection.feed.head:
            self.clients.fall_behind(connection, Place(at))
        elif connection.owed is not None:
            connection.owed.cursor = at
            if at >= connection.feed.head:
                self.clients.go_live(connection)

    def confirm(self, connection: Connection, number: int) -> None:
        """It has confirmed everything up to a message."""
        before, connection.confirmed = connection.confirmed, at_of(number)
        for told in self.asked.on_confirmed:
            told(connection, before, connection.confirmed)

    def skip(self, connection: Connection, number: int) -> None:
        """It is told of a gap up to a message."""
        self.clients.skip(connection, at_of(number))

    def subscribe(self, connection: Connection, channels: frozenset[str]) -> None:
        """It listens to something else from where it is."""
        self.receipts.changes(connection, connection.sent_upto, channels)
        audiences = self._audiences[connection.feed]
        audiences.discard(connection)
        connection.channels = channels
        audiences.add(connection)

    def begin_closing(self, connection: Connection) -> None:
        """It is told to end the connection, and may still confirm what it was sent."""
        self.clients.begin_closing(connection, inf)

    def leave(self, connection: Connection) -> None:
        """It is gone."""
        self._sender.drop(connection)

    def tell(self, seconds: float = 3600, *, fails: bool = False) -> list[Told]:
        """Tell Redis what has changed, or try to."""
        counted = self.receipts.take(seconds)
        if fails:
            self.receipts.put_back(counted)
        else:
            self._stretches.update({each.stretch: each for each in counted})
        return sorted(told for each in counted for told in self._told_by(each))

    @property
    def told(self) -> dict[int, Told]:
        """What Redis would know, by the number of the message."""
        found = [told for each in self._stretches.values() for told in self._told_by(each)]
        return {each.number: each for each in sorted(found)}

    def _told_by(self, counted: Counted) -> Iterator[Told]:
        is_for_all = "+" in counted.stretch
        for run in counted.runs:
            for number, names in self._names.items():
                if run.first <= at_of(number) <= run.last and is_for_all == (not names):
                    yield Told(number, run.numbers, counted.users, counted.is_cut)

    def close(self) -> None:
        for connection in self.clients.all:
            self.leave(connection)
        self._peers.close()

    def _forget(self, connection: Connection) -> None:
        self._audiences[connection.feed].discard(connection)
