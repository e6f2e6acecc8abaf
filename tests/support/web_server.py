"""A worker of the web server in this process, an application under it, and its clients."""

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import sleep
from typing import Any

import gevent
import gevent.socket
from gevent.event import Event
from gunicorn.config import Config
from gunicorn.glogging import Logger

from common.serving.door.answer import PlainApplication
from common.serving.gunicorn_worker import GunicornWorker
from common.serving.server import options
from common.serving.siblings import Seat
from config.settings import Settings

STEP = 0.005  # Seconds.
LIMIT = 10.0  # Seconds for whatever is awaited; it comes within milliseconds.
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HOST = "127.0.0.1"
NOBODY_GOES = 10 * LIMIT  # A patience that no test outlives.
LARGE = 4 << 20  # More than the kernel takes on its own.


def get(path: str, headers: str = "") -> bytes:
    """A request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode()


def post(length: int, headers: str = "") -> bytes:
    """The head of a request with a body."""
    return f"POST / HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {length}\r\n\r\n".encode()


def await_that(condition: Callable[[], object], what: str) -> None:
    """Let others run until it holds; `what` is said if it does not."""
    with gevent.Timeout(LIMIT, AssertionError(f"never: {what}")):
        while not condition():
            gevent.sleep(0.001)


class Application:
    """What a worker serves. Unrealistic: it answers by the path alone, and has no `Server`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seat = Seat.alone()
        self.plain: PlainApplication | None = None
        self.asked: list[str] = []
        self.go_on = Event()  # What `/wait` waits for.
        self.taken: list[int] = []  # Descriptors that it has taken from the web server.
        self.notice = 0.0  # Seconds between the signal and the stop.
        self.was_told = Event()
        self.hurries = False
        self.is_stopping = Event()
        self.may_stop = Event()
        self.may_stop.set()

    def wsgi(self) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
        return self.serve

    def serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path == "/wait":
            self.go_on.wait()
        elif path == "/read":
            environ["wsgi.input"].read()
        elif path == "/take":
            self.taken.append(environ["gunicorn.socket"].detach())
            raise gevent.GreenletExit
        elif path == "/late":
            raise gevent.Timeout
        elif path == "/broken":
            raise LookupError
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    def plain_application(self) -> PlainApplication | None:
        return self.plain

    def announce_stop(self) -> float:
        self.was_told.set()
        return self.notice

    def is_hurried(self) -> bool:
        return self.hurries

    def stop_application(self) -> None:
        self.is_stopping.set()
        self.may_stop.wait()


class Worker(GunicornWorker):
    """Serves in a greenlet. Unrealistic: nothing is patched, and no master looks after it."""

    turns = 0  # How often it has said that it lives.

    def notify(self) -> None:
        super().notify()
        self.turns += 1

    def await_turns(self, count: int) -> None:
        """Let it look so many times at what there is to do."""
        wanted = self.turns + count
        await_that(lambda: self.turns >= wanted, f"{count} turns of the worker")


class WebServer:
    """A worker with its application, its listener and its clients."""

    def __init__(
        self, settings: Settings, slots: int, workers: int, app: Application | None = None
    ) -> None:
        self.app = Application(settings) if app is None else app
        self.listener = gevent.socket.socket()
        # As gunicorn does. Or an answer in two writes would wait for its client's system.
        self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.listener.bind((HOST, 0))
        self.listener.listen()
        self.address = self.listener.getsockname()
        config = Config()
        for name, value in options(settings, HOST, self.address[1], workers).items():
            config.set(name, value)
        config.set("worker_connections", slots)
        given = (0, os.getppid(), [self.listener], self.app, 30, config, Logger(config))
        self.worker = Worker(*given)
        self.worker.wsgi = self.app.wsgi()
        self.running: Any = None
        self.clients: list[Client] = []

    def start(self) -> None:
        """Serve."""
        self.running = gevent.spawn(self.worker.run)

    def connect(self, first: bytes = b"") -> "Client":
        """A client that has said this."""
        client = Client(gevent.socket.create_connection(self.address, LIMIT))
        self.clients.append(client)
        client.send(first)
        return client

    def connect_crowd(self, count: int, first: bytes) -> "list[Client]":
        """So many at once: the worker has had no turn meanwhile."""
        crowd = []
        for _ in range(count):
            plain = socket.create_connection(self.address, LIMIT)
            crowd.append(Client(plain))
            crowd[-1].send(first)
        sleep(2 * STEP)  # So that it has its next look at the crowd, and not between two of them.
        self.clients += crowd
        return crowd

    @property
    def is_closed(self) -> bool:
        """Whether it listens no more."""
        return bool(self.listener.fileno() < 0)

    def stop(self) -> None:
        """As a SIGTERM does; returns at once."""
        self.worker.alive = False

    def await_end(self) -> None:
        """Wait until it serves no more."""
        self.running.get(timeout=LIMIT)

    def await_asked(self, count: int) -> None:
        """Wait until the application was asked so many times."""
        await_that(lambda: len(self.app.asked) >= count, f"{count} requests")

    def close(self) -> None:
        """End it, whatever a test has left."""
        self.app.go_on.set()
        self.app.may_stop.set()
        for client in self.clients:
            client.close()
        if self.running is not None:
            self.stop()
            self.await_end()
        self.listener.close()
        self.worker.tmp.close()
        for fd in self.app.taken:
            os.close(fd)


class Client:
    """A client, which waits for what it reads."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket: Any = gevent.socket.socket(fileno=connected.detach())
        self._socket.settimeout(LIMIT)

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end_sending(self) -> None:
        """It has nothing more to say."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> bytes:
        """The next answer; what there is of it, if the connection ends."""
        data = b""
        while not data.endswith((b"\r\n\r\nok", b"}\n")) and (more := self._socket.recv(65536)):
            data += more
        return data

    def ask(self, request: bytes = GET) -> bytes:
        """The answer to a request."""
        self.send(request)
        return self.answer()

    def rest(self) -> bytes:
        """All that comes until its end."""
        data = b""
        while more := self._socket.recv(65536):
            data += more
        return data

    def end(self) -> bytes:
        """The same, if it may be a reset: what it has sent was not all read."""
        data = b""
        with suppress(ConnectionError):
            while more := self._socket.recv(65536):
                data += more
        return data

    def dribble(self, data: bytes) -> None:
        """Send it again and again until that fails."""
        with suppress(OSError):
            while True:
                self.send(data)
                gevent.sleep(STEP)

    def close(self) -> None:
        self._socket.close()


Serve = Callable[..., WebServer]


def is_served(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200 ")


def says_close(answer: bytes) -> bool:
    return b"\r\nconnection: close\r\n" in answer.lower()
