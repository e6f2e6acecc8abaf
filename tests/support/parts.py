"""The parts of a WebSocket server around a log in memory, and the other end of a connection.

No Redis and no network: the sockets are pairs, of TCP where that matters. A peer
waits as gevent waits, so that what it waits for can happen meanwhile.
"""

import os
import socket
from collections.abc import Callable, Iterable
from time import monotonic

import gevent
import gevent.socket

from common.message import Mark
from common.page import Page
from tests.support.fake_log import FakeLog
from tests.support.websocket import CLOSE, PING, TEXT
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.listen import DEFAULT, Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.inbox.receiver import Limits, OnError, OnMessage, Receiver
from ws_server.inbox.subscriptions import Subscriptions
from ws_server.log.feed import Feed
from ws_server.receipts.receipts import Receipts
from ws_server.wire.formats import all_formats

LIMIT = 5.0  # Seconds; generous, for a noisy machine.
SMALL = 8192  # Bytes of a send buffer that is soon full.
WINDOW = 1024 * 1024


def let_others_run() -> None:
    """Return when the event loop has nothing more to do at once."""
    for _ in range(3):
        gevent.idle()


def wait_until(is_true: Callable[[], bool], what: str) -> None:
    """Let the event loop run until a state is reached that nothing announces."""
    end = monotonic() + LIMIT
    while not is_true():
        assert monotonic() < end, f"not within {LIMIT} s: {what}"
        gevent.sleep(0.001)


def numbered(count: int, size: int = 1) -> list[bytes]:
    """So many different messages, `size` bytes at least."""
    return [f"{number} ".ljust(size, "x").encode() for number in range(count)]


class Peer:
    """A client: bare, silent until told otherwise."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = gevent.socket.socket(fileno=end.detach())
        self.socket.settimeout(LIMIT)
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def frame(self) -> tuple[int, bytes]:
        """The next frame; TimeoutError if there is none, EOFError at the end of the stream."""
        first, second = self.take(2)
        size = second
        if second >= 126:
            size = int.from_bytes(self.take(2 if second == 126 else 8))
        return first & 0x0F, self.take(size)

    def frames(self, count: int) -> list[tuple[int, bytes]]:
        return [self.frame() for _ in range(count)]

    def texts(self, count: int) -> list[bytes]:
        """The next `count` text messages; only pings may come in between."""
        found: list[bytes] = []
        while len(found) < count:
            opcode, payload = self.frame()
            assert opcode in (TEXT, PING), (opcode, payload)
            if opcode == TEXT:
                found.append(payload)
        return found

    def rest(self) -> list[tuple[int, bytes]]:
        """All frames up to the end of the stream."""
        found: list[tuple[int, bytes]] = []
        try:
            while True:
                found.append(self.frame())
        except (EOFError, ConnectionResetError):
            return found

    def stream(self) -> bytes:
        """All bytes up to the end of the stream."""
        while more := self.socket.recv(1 << 20):
            self._buffer += more
        return self._buffer

    def close_code(self) -> int:
        """The code of the close frame, which must be the last thing that comes."""
        opcode, payload = self.rest()[-1]
        assert opcode == CLOSE
        return int.from_bytes(payload[:2])

    def has_nothing(self) -> bool:
        """Whether nothing has arrived, but maybe the end, once everybody has had a turn."""
        let_others_run()
        self.socket.settimeout(0.0)
        try:
            self._buffer += self.socket.recv(1)
        except BlockingIOError:
            pass
        finally:
            self.socket.settimeout(LIMIT)
        return self._buffer == b""

    def take_upto(self, end: bytes) -> None:
        """Everything up to these bytes."""
        while not self._buffer.endswith(end):
            self._buffer += self.socket.recv(1 << 16)
        self._buffer = b""

    def take(self, size: int) -> bytes:
        """The next `size` bytes; EOFError at the end of the stream."""
        while len(self._buffer) < size:
            more = self.socket.recv(1 << 20)
            if not more:
                raise EOFError
            self._buffer += more
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


class Peers:
    """Makes socket pairs, and closes the clients' ends of all of them."""

    def __init__(self) -> None:
        self._all: list[Peer] = []

    def make(self, send_buffer: int | None = None) -> tuple[int, Peer]:
        """The server's descriptor, which is then the caller's to close, and the client."""
        ours, theirs = socket.socketpair()
        if send_buffer is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        return self._keep(ours, theirs)

    def make_tcp(self, port: int) -> tuple[int, Peer]:
        """The same over TCP, with a peer that has little room for what it does not read."""
        with socket.create_server(("127.0.0.1", port)) as server:
            theirs = socket.socket()
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            theirs.connect(server.getsockname())
            return self._keep(server.accept()[0], theirs)

    def _keep(self, ours: socket.socket, theirs: socket.socket) -> tuple[int, Peer]:
        ours.setblocking(False)
        peer = Peer(theirs)
        self._all.append(peer)
        return ours.detach(), peer

    def close(self) -> None:
        for peer in self._all:
            peer.socket.close()


class Parts:
    """A feed and a hub on a log in memory; `gone` lists who has left."""

    def __init__(self, peers: Peers, window_bytes: int = WINDOW) -> None:
        self.log = FakeLog()
        formats = all_formats("")
        self.feeds = {name: Feed(self.log, form, window_bytes) for name, form in formats.items()}
        self.feed = self.feeds["text"]
        self.gone: list[Connection] = []
        self.readable: list[Connection] = []
        self.changed: list[tuple[Connection, frozenset[str]]] = []  # By their own commands.
        self.hub = hub = Hub(self.feeds, self.gone.append)
        self.receipts = Receipts(hub.clients, hub.audiences.values(), hub.confirming)
        hub.witness = self.receipts
        self.hub.rewind(Mark(self.log.epoch, 0), kept=0)
        self._peers = peers

    def connect(
        self,
        send_buffer: int | None = None,
        listen: Listen = DEFAULT,
        beginning: Beginning = AT_THE_HEAD,
    ) -> tuple[Connection, Peer]:
        """A client that has joined; `SMALL` makes it a slow one."""
        fd, peer = self._peers.make(send_buffer)
        return self.hub.join(fd, self._read, listen, beginning), peer

    def connect_behind(self, contents: Iterable[bytes]) -> tuple[Connection, Peer]:
        """A client whose socket was full before it had got all of `contents`."""
        connection, peer = self.connect(SMALL)
        self.publish(*contents)
        assert connection.owed is not None
        return connection, peer

    def receiver(
        self,
        on_message: OnMessage | None = None,
        on_error: OnError = lambda *_: None,
        *,
        policy: Policy = OPEN,
        per_second: float = 0.0,
    ) -> Receiver:
        """A receiver that takes messages of 1000 bytes."""
        subscriptions = Subscriptions(
            self.hub, policy, lambda *changed: self.changed.append(changed)
        )
        limits = Limits(1000, per_second)
        commands = {self.feeds["json"].format: subscriptions}
        return Receiver(self.hub, commands, limits, on_message, on_error)

    def publish(self, *contents: bytes) -> Page:
        """Write messages to the log and send them, as the relay does."""
        page = self.log.write(*contents)
        self.hub.publish(page)
        return page

    def start_catch_up(self) -> None:
        gevent.spawn(self.hub.sender.catch_up.run)

    def close(self) -> None:
        for connection in list(self.hub.connections):
            self.hub.sender.drop(connection)
        self.hub.give_back()

    def _read(self, connection: Connection) -> None:
        """A receiver that throws away what it reads."""
        self.readable.append(connection)
        if os.read(connection.fd, 65536) == b"":
            self.hub.sender.drop(connection)
