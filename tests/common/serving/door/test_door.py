"""Who is at the door, and for how long."""

import _socket
import logging
import socket
from collections.abc import Iterator

import pytest

from common.serving.door.answer import Answer, Caller, Done, PlainApplication
from common.serving.door.connection import Connection
from common.serving.door.door import Door
from common.serving.door.plain import Head
from tests.support.door import GET, OTHER, turn


class Waiting(PlainApplication):
    """Answers when a test says so."""

    def __init__(self) -> None:
        self.done: list[Done] = []

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        return head.path == "/a"

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        self.done.append(done)
        return True


class AtDoor:
    """A door, and one client at it."""

    def __init__(self, header_timeout: float = 60.0, request_timeout: float = 60.0) -> None:
        self.left: list[tuple[Connection, str]] = []
        self.taken: list[tuple[Connection, bytes]] = []
        self.application = Waiting()
        self.door = Door(self.application, "s", header_timeout, request_timeout, self._leave)
        ours, self.client = socket.socketpair()
        plain = _socket.socket(fileno=ours.detach())
        plain.setblocking(False)
        self.ours = self.door.open(plain, ("192.0.2.1", 1), "counted", self._take)
        turn()

    def _leave(self, connection: Connection, counted: str) -> None:
        self.left.append((connection, counted))

    def _take(self, connection: Connection, early: bytes) -> None:
        self.taken.append((connection, early))
        connection.socket.close()

    def send(self, data: bytes) -> None:
        self.client.sendall(data)
        turn()

    def close(self) -> None:
        self.ours.close()
        self.client.close()


@pytest.fixture
def made() -> Iterator[list[AtDoor]]:
    made: list[AtDoor] = []
    yield made
    for each in made:
        each.close()


@pytest.mark.parametrize("first", [b"", GET[:5]])
def test_a_head_that_takes_too_long_ends_without_an_answer(
    made: list[AtDoor], first: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    made.append(at := AtDoor(header_timeout=0.0))
    at.send(first)

    at.door.end_overdue()

    assert at.left == [(at.ours, "counted")]
    assert at.client.recv(100) == b""
    assert caplog.text == ""


def test_bytes_that_dribble_in_give_a_head_no_more_time(made: list[AtDoor]) -> None:
    made.append(at := AtDoor())
    before = at.ours.deadline
    at.send(GET[:5])

    assert at.ours.deadline == before


def test_a_request_that_takes_too_long_is_given_up_and_logged(
    made: list[AtDoor], caplog: pytest.LogCaptureFixture
) -> None:
    made.append(at := AtDoor(request_timeout=0.0))
    at.send(GET)
    with caplog.at_level(logging.WARNING):
        at.door.end_overdue()

    assert at.left == [(at.ours, "counted")]
    assert "REQUEST_TIMEOUT" in caplog.text
    at.application.done[0](Answer(200, b"late"))


def test_a_request_is_work_until_it_is_answered(made: list[AtDoor]) -> None:
    made.append(at := AtDoor())
    assert not at.door.is_at_work()
    at.send(GET)
    assert at.door.is_at_work()
    at.application.done[0](Answer(200, b"x"))
    assert not at.door.is_at_work()


def test_who_is_handed_over_is_at_the_door_no_more(made: list[AtDoor]) -> None:
    made.append(at := AtDoor(request_timeout=0.0, header_timeout=0.0))
    at.send(OTHER)

    assert at.taken == [(at.ours, OTHER)]
    at.door.end_overdue()
    assert at.left == []
