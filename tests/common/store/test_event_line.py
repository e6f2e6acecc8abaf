"""`EventLine` and what may come over its socket. With a real server: test_commits_redis.py."""

import socket
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common.store import event_line
from common.store.event_line import CLOSED, NONSENSE, Answer, EventLine
from common.store.redis_errors import Failure


class Told:
    """What the line tells, in its order."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._news = Event()

    def opened(self, problem: str | None) -> None:
        self._note("open" if problem is None else f"not open: {problem}")

    def answered(self, answers: Sequence[Answer]) -> None:
        self._note(*answers)

    def lost(self, problem: str) -> None:
        self._note(f"lost: {problem}")

    def until(self, count: int) -> list[Any]:
        """All, when there are so many."""
        with gevent.Timeout(10):
            while len(self.all) < count:
                self._news.clear()
                self._news.wait()
        return self.all

    def _note(self, *news: Any) -> None:
        self.all += news
        self._news.set()


class Pipes:
    """In the place of a client: a connection is a pair of sockets, `far` the end of Redis."""

    def __init__(self) -> None:
        self.far: list[socket.socket] = []
        self.fault: Exception | None = None
        self.connection_kwargs: dict[str, Any] = {}
        self.connection_pool = self

    def connection_class(self) -> Any:
        if self.fault is not None:
            raise self.fault
        near, far = socket.socketpair()
        self.far.append(far)
        return SimpleNamespace(connect=lambda: None, disconnect=near.close, _sock=near)


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    pipes = Pipes()
    yield pipes
    for each in pipes.far:
        each.close()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def line(pipes: Pipes, told: Told) -> Iterator[EventLine]:
    line = EventLine(pipes)  # type: ignore[arg-type]
    line.listener = told
    yield line
    line.close()


@pytest.fixture
def far(line: EventLine, pipes: Pipes, told: Told) -> socket.socket:
    """The end of Redis of an open line."""
    line.open()
    told.until(1)
    told.all.clear()
    return pipes.far[0]


def test_it_is_opened_once_and_is_ready_then(line: EventLine, pipes: Pipes, told: Told) -> None:
    line.open()
    line.open()

    assert not line.is_ready
    assert told.until(1) == ["open"]
    assert line.is_ready
    assert len(pipes.far) == 1


def test_it_says_why_it_cannot_be_opened_and_may_be_later(
    line: EventLine, pipes: Pipes, told: Told
) -> None:
    pipes.fault = ConnectionRefusedError("refused")
    line.open()
    assert told.until(1) == ["not open: refused"]
    pipes.fault = None
    line.open()

    assert told.until(2)[1] == "open"


def test_what_is_sent_is_sent_at_once(line: EventLine, far: socket.socket) -> None:
    line.send(b"command")

    assert far.recv(100, socket.MSG_DONTWAIT) == b"command"


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_answers_are_the_same_however_they_are_cut(
    far: socket.socket, told: Told, size: int
) -> None:
    data = b":1\r\n-OOM command not allowed when used memory > 'maxmemory'.\r\n:23\r\n"
    for at in range(0, len(data), size):
        far.sendall(data[at : at + size])
        gevent.sleep(0)

    assert told.until(3) == [
        1,
        Failure("OOM command not allowed when used memory > 'maxmemory'"),
        23,
    ]


def test_a_large_command_is_sent_as_there_is_room(
    line: EventLine, far: socket.socket, told: Told
) -> None:
    data = bytes(range(256)) * 16_384
    received = bytearray()
    far.setblocking(False)
    line.send(data)
    with gevent.Timeout(20):
        while len(received) < len(data):
            try:
                received += far.recv(1 << 20)
            except BlockingIOError:
                gevent.sleep(0)

    assert bytes(received) == data
    assert line._writing is None
    far.sendall(b":1\r\n")
    assert told.until(1) == [1]


@pytest.mark.parametrize(
    "nonsense", [b"+OK", b"$-1", b"*0", b":", b":-1", b":1_0", b"", b"HTTP/1.1 400 Bad Request"]
)
def test_what_is_no_number_and_no_error_closes_the_line(
    line: EventLine, far: socket.socket, told: Told, nonsense: bytes
) -> None:
    far.sendall(b":1\r\n" + nonsense + b"\r\n:2\r\n")

    assert told.until(2) == [1, f"lost: {NONSENSE}"]
    assert not line.is_ready
    assert far.recv(1) == b""


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize("error", [b"-MOVED\r\n", b"-MOVED x y z\r\n", b"-ASK 1 nowhere\r\n"])
def test_an_address_that_cannot_be_read_is_nonsense(
    far: socket.socket, told: Told, error: bytes
) -> None:
    far.sendall(error)

    assert told.until(1) == [f"lost: {NONSENSE}"]


def test_an_answer_without_an_end_closes_the_line(
    line: EventLine, far: socket.socket, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_line, "LONGEST_ANSWER", 10)
    far.sendall(b"-" * 11)

    assert told.until(1) == [f"lost: {NONSENSE}"]
    assert not line.is_ready


def test_that_redis_closes_it_is_seen_at_once(
    line: EventLine, far: socket.socket, told: Told
) -> None:
    far.close()

    assert told.until(1) == [f"lost: {CLOSED}"]
    assert not line.is_ready


def test_a_line_that_was_lost_is_opened_again_and_knows_nothing_of_the_last(
    line: EventLine, far: socket.socket, pipes: Pipes, told: Told
) -> None:
    far.sendall(b":1")
    far.close()
    told.until(1)
    line.open()
    told.until(2)
    pipes.far[1].sendall(b":2\r\n")

    assert told.until(3)[1:] == ["open", 2]


def test_what_cannot_be_sent_is_lost(line: EventLine, far: socket.socket, told: Told) -> None:
    far.close()
    line.send(b"command")

    assert told.all[0].startswith("lost: ")


@pytest.mark.parametrize(
    "error",
    [
        b"-READONLY You can't write against a read only replica.\r\n",
        b"-MOVED 1 127.0.0.1:7000\r\n",
        b"-CLUSTERDOWN The cluster is down\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
    ],
)
def test_after_an_error_of_another_server_the_next_connection_is_a_new_one(
    line: EventLine, far: socket.socket, told: Told, error: bytes
) -> None:
    far.sendall(error + b":1\r\n")

    assert told.until(2)[1] == 1
    assert not line.is_ready
    line.open()
    assert told.until(3)[2] == "open"
    assert line.is_ready


@pytest.mark.parametrize("error", [b"-OOM command", b"-MISCONF Redis", b"-WRONGTYPE Operation"])
def test_other_errors_leave_the_line_as_it_is(
    line: EventLine, far: socket.socket, told: Told, error: bytes
) -> None:
    far.sendall(error + b"\r\n")

    assert isinstance(told.until(1)[0], Failure)
    assert line.is_ready


def test_a_script_that_is_not_known_is_told_apart(
    line: EventLine, far: socket.socket, told: Told
) -> None:
    far.sendall(b"-NOSCRIPT No matching script. Please use EVAL.\r\n-ERR NOSCRIPT\r\n")

    assert [each.is_forgotten for each in told.until(2)] == [True, False]
    assert line.is_ready


def test_nobody_is_told_of_what_was_closed(line: EventLine, pipes: Pipes, told: Told) -> None:
    line.open()
    line.close()
    gevent.sleep(0.01)
    assert told.all == []

    line.open()
    assert told.until(1) == ["open"]
    pipes.far[-1].sendall(b":1\r\n")
    line.close()
    gevent.sleep(0.01)
    assert told.all == ["open"]


def test_who_is_to_be_called_later_is_and_only_the_last(line: EventLine) -> None:
    called: list[str] = []
    done = Event()
    line.call_later(0.001, lambda: called.append("first"))
    line.call_later(0.002, lambda: (called.append("second"), done.set()))  # type: ignore[func-returns-value,arg-type]
    line.call_soon(lambda: called.append("soon"))
    with gevent.Timeout(10):
        done.wait()

    assert called == ["soon", "second"]


def test_the_way_of_each_command_has_a_time_and_each_failure_counts(
    line: EventLine, far: socket.socket, told: Told
) -> None:
    line.send(b"a")
    far.send(b":1\r\n-OOM of it\r\n")
    told.until(2)
    line.send(b"b")
    far.close()
    told.until(3)

    assert sum(line.meter.seconds["lpush"].counts) == 1
    assert line.meter.errors == {"lpush": 2}
