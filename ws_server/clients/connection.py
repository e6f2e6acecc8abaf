"""One client: a descriptor, a cursor into the log and, only while it is behind, what it is owed.

A live connection costs no buffer and no greenlet. It never waits: a write takes
what the socket takes. Who writes what, and when, is for the hub to decide.
"""

import socket
from collections.abc import Callable
from typing import Any, Protocol

import gevent
from gevent.monkey import get_original

from ws_server.door.grant import ANYBODY, Grant
from ws_server.log.feed import NO_CHANNELS, Feed
from ws_server.log.pieces import Place
from ws_server.wire.close_codes import CloseCode

READ, WRITE = 1, 2  # libev's EV_READ and EV_WRITE.
# Not gevent's, which would wait, and takes 10 times the memory.
Socket: type[socket.socket] = get_original("socket", "socket")
# Beyond all ids: of a connection that takes no live chunk, as it is behind, closing or gone.
NOWHERE = 1 << 200


class Outlet(Protocol):
    """The part of the hub that a connection's user needs."""

    def post(self, connection: "Connection", data: str | bytes) -> None:
        """Send one message to this client only."""

    def close(self, connection: "Connection", close: CloseCode) -> None:
        """Close with a code and a reason."""


class Owed:
    """What a client that is behind has not been sent yet: its outbox, then the log after `cursor`.

    The outbox holds the rest of a frame that the socket took in part, then frames
    of the client's own: pongs, replies, a close. While `skip` bytes of a long frame
    are sent, it waits for the others, and so do the `deferred` changes of what follows.
    """

    __slots__ = ("closing", "cursor", "deferred", "outbox", "progress", "skip", "watcher")

    def __init__(self, place: Place, now: float) -> None:
        self.cursor = place.cursor
        self.outbox = bytearray(place.rest)
        self.skip = place.skip
        self.progress = now  # When the socket last took something.
        self.closing = False
        self.deferred: list[Callable[[], None]] = []
        self.watcher: Any = None


class Connection:
    """What the hooks of `Worker` get; `context` is theirs to use."""

    __slots__ = (
        "_on_readable",
        "_outlet",
        "_socket",
        "_watcher",
        "address",
        "busy",
        "channels",
        "context",
        "cursor",
        "fd",
        "feed",
        "grant",
        "owed",
        "put",
        "reader",
        "unanswered",
    )

    def __init__(
        self, fd: int, feed: Feed, outlet: Outlet, on_readable: Callable[["Connection"], None]
    ) -> None:
        self._socket = Socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
        self._socket.setblocking(False)
        self.put = self._socket.send  # Ready to call, as the hot loop of the hub needs it.
        self.fd = fd
        self.feed = feed
        # The last message that it was sent; NOWHERE if it is not live. What came after it and up
        # to `feed.done` was not for it.
        self.cursor = feed.head
        self.channels = NO_CHANNELS  # What it listens to beside what is for everybody.
        self.grant: Grant = ANYBODY
        self.address = ""  # Where it comes from, if anybody wants to know.
        self.owed: Owed | None = None
        self.unanswered = 0  # Pings sent since the client last said anything.
        self.busy = False  # A hook is at work on what it sent: nothing more is read.
        self.reader: Any = None  # Its `inbound.Reader`, once it needs one.
        self.context: Any = None
        self._outlet = outlet
        self._on_readable = on_readable
        self._watcher: Any = None

    @property
    def is_open(self) -> bool:
        """False once the descriptor is closed."""
        return self.fd >= 0

    def send(self, data: str | bytes) -> None:
        """Send one message to this client only: text as a text frame, bytes as a binary one."""
        self._outlet.post(self, data)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a code of RFC 6455 7.4 and a reason."""
        self._outlet.close(self, CloseCode(code, reason))

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the socket took, 0 if it is full; OSError if the client is gone."""
        try:
            return self.put(data)
        except BlockingIOError:
            return 0

    def read(self, size: int) -> bytes | None:
        """What has arrived, None if nothing has; empty at the end of the stream, or OSError."""
        try:
            return self._socket.recv(size)
        except BlockingIOError:
            return None

    def watch(self) -> None:
        """Call `on_readable`, from the event loop, whenever there is something to read."""
        if self._watcher is None:
            self._watcher = gevent.get_hub().loop.io(self.fd, READ)
        self._watcher.start(self._on_readable, self)

    def stop_watching(self) -> None:
        """Leave what arrives in the kernel, so that the client feels the back-pressure."""
        if self._watcher is not None:
            self._watcher.stop()

    def await_writable(self, on_writable: Callable[["Connection"], None]) -> None:
        """Call back once, from the event loop, when the socket takes bytes again."""
        owed = self.owed
        if owed is None:
            return
        if owed.watcher is None:
            owed.watcher = gevent.get_hub().loop.io(self.fd, WRITE)

        def once(connection: "Connection") -> None:
            owed.watcher.stop()
            on_writable(connection)

        owed.watcher.start(once, self)

    def settle_up(self) -> None:
        """Forget what was owed: everything is sent."""
        if self.owed is not None and self.owed.watcher is not None:
            _end(self.owed.watcher)
        self.owed = None

    def finish_writing(self) -> None:
        """Tell the client that nothing follows, and leave the reading half open (a FIN)."""
        self._socket.shutdown(socket.SHUT_WR)

    def release(self) -> None:
        """Close the descriptor; the watchers first, or they would watch its next owner."""
        self.settle_up()
        if self._watcher is not None:
            _end(self._watcher)
        self._watcher = None
        self.reader = None
        self.fd, self.cursor = -1, NOWHERE
        self._socket.close()


def _end(watcher: Any) -> None:
    watcher.stop()
    watcher.close()
