"""Who makes room, and what a socket does that is cut off while it is waited for."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import gevent
import pytest

from common.serving.guests import PATIENCE, Guest, queue_length, who_must_go

PLACES = 10
NOW = 1000.0


@dataclass
class FakeGuest:
    """The state of a guest by which is decided. Unrealistic: it has no socket."""

    name: str
    age: float = 5 * PATIENCE
    is_idle: bool = False
    is_waited_for: bool = True

    @property
    def since(self) -> float:
        return NOW - self.age


def names(guests: list[FakeGuest], waiting: int) -> list[str]:
    found = who_must_go(cast("list[Guest]", guests), waiting, PLACES, NOW)
    return [cast("Any", guest).name for guest in found]


def test_whoever_asks_for_nothing_goes_first_then_who_takes_longest() -> None:
    guests = [
        FakeGuest("new", age=0.1),
        FakeGuest("slow", age=3.0),
        FakeGuest("slowest", age=9.0),
        FakeGuest("idle", age=0.0, is_idle=True),
    ]

    assert names(guests, 9) == ["idle", "slowest", "slow"]


def test_only_as_many_go_as_there_are_others() -> None:
    guests = [FakeGuest(str(age), age=float(age)) for age in range(2, 9)]

    assert names(guests, 2) == ["8", "7"]
    assert names(guests, 0) == []


def test_whoever_waits_for_us_stays() -> None:
    assert names([FakeGuest("at work", is_waited_for=False)], 9) == []


def test_the_longer_the_queue_the_shorter_the_patience() -> None:
    guests = [FakeGuest("new", age=PATIENCE / 3)]

    assert names(guests, PLACES) == []
    assert names(guests, 4 * PLACES) == ["new"]


@pytest.fixture
def pair() -> Iterator[tuple[Guest, socket.socket]]:
    ours, theirs = socket.socketpair()
    guest = Guest(fileno=ours.detach())
    with guest, theirs:
        yield guest, theirs


def wait_for(guest: Guest) -> None:
    with gevent.Timeout(5):
        while not guest.is_waited_for:
            gevent.sleep(0.001)


def test_whoever_is_cut_off_reads_an_end(pair: tuple[Guest, socket.socket]) -> None:
    guest, _ = pair
    reading = gevent.spawn(guest.recv, 100)
    wait_for(guest)

    guest.cut()

    assert reading.get(timeout=5) == b""
    assert not guest.is_waited_for


def test_whoever_is_cut_off_still_reads_what_has_arrived(pair: tuple[Guest, socket.socket]) -> None:
    guest, theirs = pair
    reading = gevent.spawn(guest.recv, 100)
    wait_for(guest)
    theirs.send(b"late")

    guest.cut()

    assert reading.get(timeout=5) == b"late"
    assert guest.recv(100) == b""


def test_whoever_is_cut_off_while_it_does_not_read_is_gone(
    pair: tuple[Guest, socket.socket],
) -> None:
    guest, _ = pair
    sending = gevent.spawn(guest.sendall, b"x" * (1 << 24))
    wait_for(guest)

    guest.cut()

    with pytest.raises(OSError, match=r"."):
        sending.get(timeout=5)


def test_an_idle_guest_is_idle_until_it_says_something(pair: tuple[Guest, socket.socket]) -> None:
    guest, theirs = pair
    guest.since = 0.0
    guest.complete()
    assert guest.is_idle
    completed = guest.since

    theirs.send(b"next")
    guest.recv(100)

    assert not guest.is_idle
    assert guest.since >= completed > 0


def test_whoever_sends_without_a_pause_lets_others_have_their_turn(
    pair: tuple[Guest, socket.socket],
) -> None:
    guest, theirs = pair
    theirs.sendall(b"x" * 10_000)
    turns = 0

    def others() -> None:
        nonlocal turns
        turns += 1

    gevent.spawn(others)
    for _ in range(10_000):
        guest.recv(1)
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
