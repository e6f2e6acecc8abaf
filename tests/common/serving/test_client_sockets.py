"""Who makes room, and what a socket does that is cut off while it is waited for."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import gevent
import pytest

from common.serving.client_sockets import PATIENCE, ClientSocket, queue_length, sockets_to_cut

SLOTS = 10
NOW = 1000.0


@dataclass
class FakeSocket:
    """The state of a socket by which is decided. Unrealistic: it is none."""

    name: str
    age: float = 5 * PATIENCE
    is_idle: bool = False
    is_waited_for: bool = True

    @property
    def since(self) -> float:
        return NOW - self.age


def names(sockets: list[FakeSocket], waiting: int) -> list[str]:
    found = sockets_to_cut(cast("list[ClientSocket]", sockets), waiting, SLOTS, NOW)
    return [cast("Any", client).name for client in found]


def test_whoever_asks_for_nothing_goes_first_then_who_takes_longest() -> None:
    sockets = [
        FakeSocket("new", age=0.1),
        FakeSocket("slow", age=3.0),
        FakeSocket("slowest", age=9.0),
        FakeSocket("idle", age=0.0, is_idle=True),
    ]

    assert names(sockets, 9) == ["idle", "slowest", "slow"]


def test_only_as_many_go_as_there_are_others() -> None:
    sockets = [FakeSocket(str(age), age=float(age)) for age in range(2, 9)]

    assert names(sockets, 2) == ["8", "7"]
    assert names(sockets, 0) == []


def test_whoever_waits_for_us_stays() -> None:
    assert names([FakeSocket("at work", is_waited_for=False)], 9) == []


def test_the_longer_the_queue_the_shorter_the_patience() -> None:
    sockets = [FakeSocket("new", age=PATIENCE / 3)]

    assert names(sockets, SLOTS) == []
    assert names(sockets, 4 * SLOTS) == ["new"]


@pytest.fixture
def pair() -> Iterator[tuple[ClientSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    client = ClientSocket(fileno=ours.detach())
    with client, theirs:
        yield client, theirs


def wait_for(client: ClientSocket) -> None:
    with gevent.Timeout(5):
        while not client.is_waited_for:
            gevent.sleep(0.001)


def test_whoever_is_cut_off_reads_an_end(pair: tuple[ClientSocket, socket.socket]) -> None:
    client, _ = pair
    reading = gevent.spawn(client.recv, 100)
    wait_for(client)

    client.cut()

    assert reading.get(timeout=60) == b""
    assert not client.is_waited_for


def test_whoever_is_cut_off_still_reads_what_has_arrived(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    client, theirs = pair
    reading = gevent.spawn(client.recv, 100)
    wait_for(client)
    theirs.send(b"late")

    client.cut()

    assert reading.get(timeout=60) == b"late"
    assert client.recv(100) == b""
    client.sendall(b"answer")
    assert theirs.recv(100) == b"answer"


def test_a_socket_that_is_another_owners_by_now_may_be_cut_without_harm(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    client, theirs = pair
    taken = socket.socket(fileno=client.detach())

    client.cut()

    with taken:
        taken.send(b"still here")
        assert theirs.recv(100) == b"still here"


def test_whoever_is_cut_off_while_it_does_not_read_is_gone(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    client, _ = pair
    sending = gevent.spawn(client.sendall, b"x" * (1 << 24))
    wait_for(client)

    client.cut()

    with pytest.raises(OSError, match=r"."):
        sending.get(timeout=60)


def test_an_idle_client_is_idle_until_it_says_something(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    client, theirs = pair
    client.since = 0.0
    client.complete()
    assert client.is_idle
    completed = client.since

    theirs.send(b"next")
    client.recv(100)

    assert not client.is_idle
    assert client.since >= completed > 0


def test_whoever_sends_without_a_pause_lets_others_have_their_turn(
    pair: tuple[ClientSocket, socket.socket],
) -> None:
    client, theirs = pair
    theirs.sendall(b"x" * 10_000)
    turns = 0

    def others() -> None:
        nonlocal turns
        turns += 1

    gevent.spawn(others)
    for _ in range(10_000):
        client.recv(1)
        if turns:
            break

    assert turns == 1


def test_the_queue_of_a_listener_is_as_long_as_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert queue_length(listener) == 0
        with (
            socket.create_connection(listener.getsockname()),
            socket.create_connection(listener.getsockname()),
        ):
            assert queue_length(listener) == 2
