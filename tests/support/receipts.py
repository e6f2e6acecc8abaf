"""Clients of which a test says where in the log each of them is, for what is counted of them.

Unrealistic: nothing is written to their sockets, and ids are 1-0, 2-0, ...
"""

from collections.abc import Callable, Sequence
from math import inf

from common.message import format_id
from common.page import Page
from common.receipt import Counted
from tests.support.fake_log import FakeLog
from tests.support.parts import Peers
from ws_server.clients.audience import Audiences
from ws_server.clients.connection import Clients, Connection, State
from ws_server.clients.journal import Journal
from ws_server.clients.receipts import Receipts
from ws_server.clients.sender import Sender
from ws_server.clients.tally import Tally
from ws_server.door.grant import Grant
from ws_server.log.chunk import Place
from ws_server.log.feed import Feed
from ws_server.wire.formats import all_formats


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
    """The clients of a process; `told` is what Redis would know, by the id of the push."""

    def __init__(self) -> None:
        log, self._peers, self.asked, self.now = FakeLog(), Peers(), Asked(), 0.0
        self.feeds = {name: Feed(log, form, 1000) for name, form in all_formats("").items()}
        self.clients = Clients(self.feeds.values())
        self._audiences = {feed: Audiences() for feed in self.feeds.values()}
        self._sender = Sender(self.clients, self._forget, Tally(), Journal())
        self.receipts = Receipts(
            self.clients, self._audiences.values(), self.asked, lambda: self.now
        )
        self.told: dict[str, Counted] = {}

    def publish(self, first: int, names: Sequence[tuple[str, ...]]) -> None:
        """Offer messages, numbered from `first` on, to all who are live: they take them."""
        numbers = range(first, first + len(names))
        ids = [format_id(number << 64) for number in numbers]
        asked = [b"0 p%d" % number for number in numbers]
        page = Page(ids, [b"x"] * len(ids), list(names), asked)
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
        connection.confirmed = connection.pinged = cursor << 64
        self.clients.join(connection)
        self._audiences[feed].add(connection)
        at = cursor << 64
        self.receipts.joined(connection, at, has_it=asked)
        if at < feed.head:
            self.clients.fall_behind(connection, Place(at))
        else:
            self.clients.move(connection, at)
        return connection

    def join_after(self, waited: Sequence[int], user: str) -> Connection:
        """A client at the head, to which these messages are to be sent first."""
        page = Page([format_id(number << 64) for number in waited], [], None, [b"r"] * len(waited))
        connection = self.join(
            self.feeds["text"].head >> 64, frozenset({f"user:{user}"}), user, asked=False
        )
        self.receipts.waited.begin(connection, page)
        self.clients.fall_behind(connection, Place(connection.cursor, rest=b"waited"))
        return connection

    def take_outbox(self, connection: Connection) -> None:
        """Its socket has taken what it was sent first."""
        if connection.owed is not None:
            connection.owed.outbox.clear()

    def place(self, connection: Connection, number: int) -> None:
        """Its socket has taken everything up to a message."""
        at = number << 64
        if connection.state is State.LIVE and at < connection.feed.head:
            self.clients.fall_behind(connection, Place(at))
        elif connection.owed is not None:
            connection.owed.cursor = at
            if at >= connection.feed.head:
                self.clients.go_live(connection)

    def confirm(self, connection: Connection, number: int) -> None:
        """It has confirmed everything up to a message."""
        before, connection.confirmed = connection.confirmed, number << 64
        for told in self.asked.on_confirmed:
            told(connection, before, connection.confirmed)

    def skip(self, connection: Connection, number: int) -> None:
        """It is told of a gap up to a message."""
        self.clients.skip(connection, number << 64)

    def subscribe(self, connection: Connection, channels: frozenset[str]) -> None:
        """It listens to something else from where it is."""
        self.receipts.changes(connection, connection.sent_upto, channels)
        audiences = self._audiences[connection.feed]
        audiences.discard(connection)
        connection.channels = channels
        audiences.add(connection)

    def leave(self, connection: Connection) -> None:
        """It is gone."""
        self._sender.drop(connection)

    def tell(self, seconds: float = 3600, *, fails: bool = False) -> list[Counted]:
        """Tell Redis what has changed, or try to."""
        counted = self.receipts.take(seconds)
        if fails:
            self.receipts.put_back(counted)
        else:
            self.told.update({each.id: each for each in counted})
        return counted

    def close(self) -> None:
        for connection in self.clients.all:
            self.leave(connection)
        self._peers.close()

    def _forget(self, connection: Connection) -> None:
        self._audiences[connection.feed].discard(connection)
