"""One connection, byte by byte: what it answers, hands over, and keeps."""

import _socket
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import gevent
import pytest

from common.serving.door import connection as module
from common.serving.door.answer import Answer, Caller, Done, PlainApplication, Writer
from common.serving.door.connection import MOST_AHEAD, Connection, State
from common.serving.door.plain import Head
from common.serving.door.stream import ONE_READ
from tests.support.door import GET, OTHER, POST, turn

LIMIT = 5.0


class FakePlace(PlainApplication):
    """What is around a connection. Unrealistic: it answers when a test says so."""

    def __init__(self) -> None:
        self.application: PlainApplication = self
        self.writer = Writer("s")
        self.header_timeout = self.request_timeout = 60.0
        self.is_scarce = False
        self.asked: list[tuple[Head, bytes, Done]] = []
        self.at_once: Answer | None = None
        self.is_willing = True
        self.fault: Exception | None = None
        self.wholes: list[bool] = []
        self.gone: list[Connection] = []
        self.handed: list[bytes] = []

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        self.wholes.append(is_whole)
        return head.path == "/a"

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        if self.fault is not None:
            raise self.fault
        if not self.is_willing:
            return False
        self.asked.append((head, body, done))
        if self.at_once:
            done(self.at_once)
        return True

    def leave(self, connection: Connection) -> None:
        self.gone.append(connection)

    def hand_over(self, connection: Connection, early: bytes) -> None:
        self.handed.append(early)
        connection.socket.close()


class Pair:
    """A connection and its client."""

    def __init__(self) -> None:
        self.place = FakePlace()
        ours, self.client = socket.socketpair()
        self.client.settimeout(LIMIT)
        plain = _socket.socket(fileno=ours.detach())
        plain.setblocking(False)
        self.ours = Connection(self.place, plain, ("192.0.2.1", 1), "")
        turn()

    def send(self, data: bytes) -> None:
        self.client.sendall(data)
        turn()

    def bodies(self) -> list[bytes]:
        """Of the answers that have come."""
        turn()
        self.client.setblocking(False)
        try:
            data = self.client.recv(1 << 20)
        except BlockingIOError:
            return []
        return [answer.partition(b"\r\n\r\n")[2] for answer in data.split(b"HTTP/1.1 ")[1:]]

    def answer(self, body: bytes) -> None:
        self.place.asked[-1][2](Answer(200, body))


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.ours.close()
    pair.client.close()


@pytest.mark.parametrize("request_", [GET, POST])
def test_a_request_may_come_in_single_bytes(pair: Pair, request_: bytes) -> None:
    for byte in request_:
        assert not pair.place.asked
        pair.send(bytes([byte]))

    ((head, body, _),) = pair.place.asked
    assert (head.path, body) == ("/a", request_.partition(b"\r\n\r\n")[2])
    pair.answer(b"1")
    assert pair.bodies() == [b"1"]


def test_requests_without_a_pause_are_answered_one_after_the_other(pair: Pair) -> None:
    pair.send(POST + GET + POST)

    for number in range(3):
        assert len(pair.place.asked) == number + 1
        pair.answer(b"%d" % number)
        assert pair.bodies() == [b"%d" % number]
    assert pair.ours.is_idle


def test_many_that_are_answered_at_once_keep_their_order_and_give_way(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SLICE", 0.0)
    pair.place.at_once = Answer(200, b"x")

    pair.send(GET * 100)

    for _ in range(60):
        turn()
    assert pair.bodies() == [b"x"] * 100


def test_what_is_not_plain_is_handed_over_with_all_that_follows(pair: Pair) -> None:
    pair.place.at_once = Answer(200, b"x")

    pair.send(POST + OTHER + GET)

    assert pair.bodies() == [b"x"]
    assert pair.place.handed == [OTHER + GET]
    assert pair.place.gone == []


def test_what_the_application_will_not_answer_is_handed_over_whole(pair: Pair) -> None:
    pair.place.is_willing = False

    pair.send(POST + GET)

    assert pair.place.handed == [POST + GET]


def test_what_the_application_fails_at_is_handed_over_whole(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Or its client would wait until the time of a request is over."""
    pair.place.fault = LookupError()
    pair.send(POST + GET)

    assert pair.place.handed == [POST + GET]
    assert "POST of a plain request failed" in caplog.text


@pytest.mark.parametrize("size", [10, len(POST) - 3, len(POST) - 1])
def test_half_a_request_at_the_end_is_handed_over(pair: Pair, size: int) -> None:
    pair.send(POST[:size])
    pair.client.shutdown(socket.SHUT_WR)
    turn()

    assert pair.place.handed == [POST[:size]]


def test_who_leaves_between_two_requests_is_gone(pair: Pair) -> None:
    pair.client.close()
    turn()

    assert pair.place.gone == [pair.ours]


def test_who_has_said_all_still_gets_its_answers(pair: Pair) -> None:
    pair.send(GET + POST)
    pair.client.shutdown(socket.SHUT_WR)
    turn()

    pair.answer(b"1")
    pair.answer(b"2")

    assert pair.bodies() == [b"1", b"2"]
    assert pair.place.gone == [pair.ours]


def test_an_answer_for_one_who_is_gone_is_for_nobody(pair: Pair) -> None:
    pair.send(GET)
    pair.ours.close()

    pair.answer(b"late")

    assert pair.place.gone == [pair.ours]


def test_the_application_is_told_whether_the_body_is_there(pair: Pair) -> None:
    pair.send(POST[:-1])

    assert pair.place.wholes == [False]
    assert pair.ours.is_under_way


def test_the_last_request_ends_the_connection(pair: Pair) -> None:
    pair.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + GET)
    pair.answer(b"x")

    assert pair.bodies() == [b"x"]
    assert len(pair.place.asked) == 1
    assert pair.place.gone == [pair.ours]


def test_nobody_keeps_a_connection_while_there_is_no_room(pair: Pair) -> None:
    pair.send(GET)
    pair.place.is_scarce = True
    pair.answer(b"x")

    assert pair.place.gone == [pair.ours]


def test_so_much_is_read_ahead_and_no_more(pair: Pair) -> None:
    pair.place.at_once = Answer(200, b"")
    pair.send(GET)
    pair.place.at_once = None
    pair.send(GET)
    pair.client.setblocking(False)
    with suppress(BlockingIOError):  # At last nobody reads any more.
        for _ in range(10_000):
            pair.client.send(b"x" * 4096)
            gevent.sleep(0)

    assert len(pair.ours._data) <= MOST_AHEAD + ONE_READ
    assert pair.ours.state is State.WORKING


def test_an_answer_that_is_not_read_is_sent_when_it_is(pair: Pair) -> None:
    large = b"x" * (4 << 20)
    pair.send(GET + GET)
    pair.answer(large)
    assert pair.ours.state is State.SENDING
    assert pair.ours.is_waited_for

    data = b""
    pair.client.setblocking(False)
    while len(data) < len(large):
        try:
            data += pair.client.recv(1 << 20)
        except BlockingIOError:
            turn()
    turn()

    assert data.endswith(b"x")
    assert len(pair.place.asked) == 2


def test_the_application_may_take_the_socket_with_what_follows(pair: Pair) -> None:
    taken: list[tuple[Any, bytes]] = []

    def take(_head: Head, _body: bytes, caller: Caller, _done: Done) -> bool:
        assert caller.address == "192.0.2.1"
        taken.append(caller.release())
        return True

    pair.place.answer = take  # type: ignore[method-assign,assignment]
    pair.send(POST + b"more")

    ((taken_socket, early),) = taken
    assert early == b"more"
    assert pair.place.gone == [pair.ours]
    assert pair.ours.state is State.GONE
    pair.send(GET)
    assert taken_socket.recv(1000) == GET  # Nobody else has read it.
    taken_socket.close()


def test_who_is_cut_off_ends(pair: Pair) -> None:
    pair.ours.cut()
    turn()

    assert pair.place.gone == [pair.ours]


def test_who_is_cut_off_in_a_request_is_handed_over(pair: Pair) -> None:
    pair.send(POST[:-1])
    pair.ours.cut()
    turn()

    assert pair.place.handed == [POST[:-1]]


def test_it_is_known_who_is_waited_for(pair: Pair) -> None:
    ours: Any = pair.ours
    assert (ours.is_waited_for, ours.is_idle) == (True, False)
    pair.send(GET)
    assert not ours.is_waited_for
    pair.answer(b"x")
    assert (ours.is_waited_for, ours.is_idle) == (True, True)
    pair.send(POST[:9])
    assert (ours.is_waited_for, ours.is_idle) == (True, False)
