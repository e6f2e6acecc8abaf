"""One client: its state, how far it is in the log, and what it has not been sent yet.

A client is in one of four states. Only `Clients`, below, changes it:

             fall_behind   go_live   begin_closing   leave
    LIVE     BEHIND        .         CLOSING         GONE
    BEHIND   .             LIVE      CLOSING         GONE
    CLOSING  .             .         .               GONE
    GONE     .             .         .               .

LIVE     The first state of each. It is sent every new chunk that its `cursor` is not beyond.
BEHIND   Its socket was full, or it begins with older messages. It is `owed` the rest.
CLOSING  It is sent the end of the frame under way and our farewell, then has some seconds to end
         the connection. What it says is not read as messages any more.
GONE     Its socket is closed, and nothing here has it.

Any other change is a fault of ours, and raises RuntimeError. Who sends what, and when, is not
decided here.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from itertools import chain
from typing import Any, Protocol

from common.connection_id import Numbers, text_of
from common.libraries.gevent_watchers import WRITE, end_watching, watcher_of
from ws_server.clients.endpoint import Endpoint
from ws_server.clients.owed import Owed
from ws_server.door.grant import ANYBODY, Grant
from ws_server.log.chunk import Place
from ws_server.log.feed import NO_CHANNELS, Feed
from ws_server.wire.close_codes import CloseCode


class State(Enum):
    """See the table above."""

    LIVE = "live"
    BEHIND = "behind"
    CLOSING = "closing"
    GONE = "gone"


ARROWS = {
    State.LIVE: (State.BEHIND, State.CLOSING, State.GONE),
    State.BEHIND: (State.LIVE, State.CLOSING, State.GONE),
    State.CLOSING: (State.GONE,),
    State.GONE: (),
}
# Beyond all ids: the cursor of all but the live ones. So one comparison tells whether a client
# takes a chunk.
_NOWHERE = 1 << 200


class Outlet(Protocol):
    """What a connection needs of the sender, for the hooks."""

    def post(self, connection: "Connection", data: str | bytes) -> None:
        """Send one message to this client only."""

    def close(self, connection: "Connection", close: CloseCode) -> None:
        """Close with a code and a reason."""

    @property
    def numbers(self) -> Numbers:
        """What numbers connections."""


class Connection(Endpoint):
    """What the hooks of `Worker` are given; they may keep what they like in `context`."""

    __slots__ = (
        "_outlet",
        "address",
        "channels",
        "confirmed",
        "confirms_by_command",
        "context",
        "cursor",
        "feed",
        "grant",
        "owed",
        "pinged",
        "pinged_in",
        "reader",
        "remembered_as",
        "serial",
        "state",
        "took_all",
        "unanswered",
    )

    def __init__(
        self, fd: int, feed: Feed, outlet: Outlet, on_readable: Callable[["Connection"], None]
    ) -> None:
        super().__init__(fd, on_readable)
        self.feed = feed
        self.state = State.LIVE
        # While it is live: the last message that it was sent. What came after that and up to
        # `feed.done` was not for it. Written by `Clients`, and by the two loops of `FanOut`.
        self.cursor = feed.head
        self.owed: Owed | None = None  # Not while it is live, nor after our farewell.
        # It has confirmed everything up to this id; at first, the place where it begins. See
        # `confirming`, which writes the three after it, too.
        self.confirmed = feed.head
        # The id in the last ping that had one. Once it is not open any more: all that it was sent.
        self.pinged = feed.head
        self.pinged_in = 0  # The round of that ping.
        self.confirms_by_command = False
        self.took_all = False  # A stream of events that is gone has got all that it was sent.
        self.channels = NO_CHANNELS  # What it listens to besides what is for everybody.
        self.grant: Grant = ANYBODY
        self.remembered_as = ""  # A name for its place, if it cannot remember that itself.
        self.serial = outlet.numbers.next_serial()  # Its id is made of it. Later ones have larger.
        self.address = ""  # Where it comes from, if anybody wants to know.
        self.unanswered = 0  # Pings sent since the client last said anything.
        self.reader: Any = None  # Its `inbound.Reader`, once it needs one.
        self.context: Any = None
        self._outlet = outlet

    @property
    def number(self) -> int:
        """Its id as a number."""
        return self._outlet.numbers.whole(self.serial)

    @property
    def id(self) -> str:
        """What it is called in `except` of a push; a page in JSON is told it by the welcome."""
        return text_of(self.number)

    @property
    def is_open(self) -> bool:
        """Whether it gets what is sent to it: it is neither closing nor gone."""
        return self.state is State.LIVE or self.state is State.BEHIND

    @property
    def sent_upto(self) -> int:
        """The id up to which it has been sent all that is for it, if it is live or `owed`."""
        return max(self.cursor, self.feed.done) if self.owed is None else self.owed.cursor

    def send(self, data: str | bytes) -> None:
        """Send one message to this client only: text as a text frame, bytes as a binary one."""
        self._outlet.post(self, data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a code of RFC 6455 7.4 and a reason."""
        self._outlet.close(self, CloseCode(code, reason))

    def await_writable(self, on_writable: Callable[["Connection"], None]) -> None:
        """Call back once, from the event loop, when the socket takes bytes again."""
        owed = self.owed
        if owed is None:
            return
        if owed.watcher is None:
            owed.watcher = watcher_of(self.fd, WRITE)

        def once(connection: "Connection") -> None:
            owed.watcher.stop()
            on_writable(connection)

        owed.watcher.start(once, self)


class Clients:
    """All clients of a process, and who of them is behind or closing. It changes their states."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        # Dicts, for their order: memory is walked as it was filled.
        self.by_feed: dict[Feed, dict[Connection, None]] = {feed: {} for feed in feeds}
        self.behind: set[Connection] = set()
        self.closing: dict[Connection, float] = {}  # Until when it may end the connection.
        # Told of each that is open and gets nothing of the log any more.
        self.on_leaving: Callable[[Connection], None] | None = None
        # And of each that is told of a gap, before it goes on after an id.
        self.on_skipping: Callable[[Connection, int], None] | None = None

    @property
    def all(self) -> list[Connection]:
        """All but those that are gone."""
        return list(chain.from_iterable(self.by_feed.values()))

    def join(self, connection: Connection) -> None:
        """A new one, which is live."""
        self.by_feed[connection.feed][connection] = None

    def move(self, connection: Connection, cursor: int) -> None:
        """Let a live client go on after another id."""
        if connection.state is not State.LIVE:
            raise RuntimeError(f"a client that is {connection.state.value} has no cursor to move")
        connection.cursor = cursor

    def skip(self, connection: Connection, upto: int) -> None:
        """It is behind, and goes on after an id: it has been told that it misses something."""
        if self.on_skipping is not None:
            self.on_skipping(connection, upto)
        if connection.owed is not None:
            connection.owed.cursor = upto

    def fall_behind(self, connection: Connection, place: Place) -> None:
        """It has been sent everything up to a place, and gets the rest from catch-up."""
        self._enter(connection, State.BEHIND)
        self.behind.add(connection)
        connection.owed = Owed(place)
        connection.cursor = _NOWHERE

    def go_live(self, connection: Connection) -> None:
        """It has been sent everything that it was owed."""
        self._enter(connection, State.LIVE)
        if connection.owed is not None:
            connection.cursor = connection.owed.cursor
        self.settle_up(connection)

    def begin_closing(self, connection: Connection, until: float) -> None:
        """It gets our farewell as the last, and may end the connection until then."""
        self._enter(connection, State.CLOSING)
        self.closing[connection] = until
        connection.cursor = _NOWHERE

    def leave(self, connection: Connection) -> None:
        """Close its socket, at once."""
        self._enter(connection, State.GONE)
        del self.by_feed[connection.feed][connection]
        connection.cursor = _NOWHERE
        self.settle_up(connection)
        if connection.reader is not None:
            connection.reader.close()
        connection.reader = None
        connection.close_socket()

    def settle_up(self, connection: Connection) -> None:
        """It is owed nothing any more."""
        if connection.owed is not None:
            end_watching(connection.owed.watcher)
        connection.owed = None

    def _enter(self, connection: Connection, state: State) -> None:
        if state not in ARROWS[connection.state]:
            raise RuntimeError(f"{connection.state.value} cannot become {state.value}")
        if connection.is_open and state in (State.CLOSING, State.GONE):
            if self.on_leaving is not None:
                self.on_leaving(connection)
            owed = connection.owed
            connection.pinged = connection.cursor if owed is None else owed.cursor
        connection.state = state
        self.behind.discard(connection)
        self.closing.pop(connection, None)
