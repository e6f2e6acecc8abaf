"""More clients than there are slots, which say one thing or another again and again."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

from common.serving.open_files import SLOTS
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT, Client

CROWD = SLOTS + 100
GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
LONG_BODY = b"Content-Length: 1000\r\n\r\n"
# What each of a crowd sends at first, and again and again.
CROWDS = {
    "say nothing": (b"", b""),
    "ask again and again": (GET, GET),
    "ask much at a time": (GET * 10, GET * 10),
    "have asked and stay": (GET, b""),
    "dribble a head": (GET[:-2] + b"X: ", b"a"),
    "dribble a body": (POST + LONG_BODY, b"a"),
    "dribble chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "dribble what nobody wants": (GET[:-2] + LONG_BODY, b"a"),
    "are told to go on and do not": (POST + b"Expect: 100-continue\r\n" + LONG_BODY, b""),
    "dribble empty lines": (b"\r\n", b"\r\n"),
}
TURN = 0.3  # Seconds between two times that each says something.


class Crowd(threading.Thread):
    """More than there are slots; whoever is sent away comes back at once."""

    def __init__(self, port: int, kinds: list[str]) -> None:
        super().__init__()
        self._port = port
        self._kinds = [CROWDS[kinds[at % len(kinds)]] for at in range(CROWD)]
        self._ended = threading.Event()
        self.is_there = threading.Event()
        self._sockets: list[socket.socket] = []

    def run(self) -> None:
        self._sockets = [self._open(first) for first, _ in self._kinds]
        self.is_there.set()
        while not self._ended.wait(TURN):
            for at, (first, more) in enumerate(self._kinds):
                if not self._goes_on(self._sockets[at], more):
                    self._sockets[at].close()
                    self._sockets[at] = self._open(first)

    def end(self) -> None:
        self._ended.set()
        self.join()
        for each in self._sockets:
            each.close()

    def _open(self, first: bytes) -> socket.socket:
        opened = socket.socket()
        opened.settimeout(LIMIT)
        with suppress(OSError):  # At the end of a test there may be nobody.
            opened.connect(("127.0.0.1", self._port))
            opened.setblocking(False)
            opened.send(first)
        return opened

    def _goes_on(self, one: socket.socket, more: bytes) -> bool:
        try:
            one.send(more)
            return one.recv(65536) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


@contextmanager
def crowd_of(port: int, *kinds: str) -> Iterator[None]:
    crowd = Crowd(port, list(kinds))
    crowd.start()
    try:
        assert crowd.is_there.wait(LIMIT)
        yield
    finally:
        crowd.end()


def ask(port: int) -> float:
    """How long somebody else waits for an answer, in seconds."""
    begin = monotonic()
    with socket.create_connection(("127.0.0.1", port), LIMIT) as sock:
        sock.sendall(GET)
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
    return monotonic() - begin


def asking(system: System, port: int) -> str:
    """The path of a client that Redis must be asked about: no server remembers its id."""
    with Client(port, "/?format=json") as client:
        system.redis.lpush(KEY, "first")
        _, first = map(json.loads, client.texts(2))
        epoch, time, sequence = first["id"].split("-")
    return f"/?format=json&last_id={epoch}-{time}-{int(sequence) + 1}"
