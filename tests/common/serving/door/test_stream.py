"""A socket that never waits: what is read, what is sent, and when it stops watching."""

import _socket
import socket
from collections.abc import Iterator

import pytest

from common.serving.door.stream import Stream
from tests.support.door import turn


class Kept(Stream):
    """Keeps what it is told."""

    def __init__(self, plain: _socket.socket) -> None:
        super().__init__(plain)
        self.told: list[str] = []

    def close(self) -> None:
        self.told.append("closed")
        self._end_watching()
        self.socket.close()

    def _has_read(self) -> None:
        self.told.append("ended" if self._is_ended else self._data.decode())

    def _has_sent(self) -> None:
        self.told.append("sent")


@pytest.fixture
def ends() -> Iterator[tuple[Kept, socket.socket]]:
    ours, theirs = socket.socketpair()
    plain = _socket.socket(fileno=ours.detach())
    plain.setblocking(False)
    kept = Kept(plain)
    yield kept, theirs
    theirs.close()
    kept.close()


def test_what_is_there_is_read_at_once_and_the_rest_when_it_comes(
    ends: tuple[Kept, socket.socket],
) -> None:
    kept, theirs = ends
    theirs.sendall(b"a")
    kept._read()
    assert kept.told == ["a"]

    kept._read()
    theirs.sendall(b"b")
    turn()
    assert kept.told == ["a", "ab"]
    theirs.close()
    turn()
    assert kept.told == ["a", "ab", "ended"]


def test_nothing_is_read_until_it_reads_on(ends: tuple[Kept, socket.socket]) -> None:
    kept, theirs = ends
    kept._read()
    kept._read_no_more()
    theirs.sendall(b"a")
    turn()
    assert kept.told == []

    kept._read_on()
    turn()
    assert kept.told == ["a"]


def test_what_the_kernel_does_not_take_is_sent_later(ends: tuple[Kept, socket.socket]) -> None:
    kept, theirs = ends
    large = b"x" * (4 << 20)
    kept._send(large)
    assert kept.told == []

    got = 0
    theirs.setblocking(False)
    while got < len(large):
        try:
            got += len(theirs.recv(1 << 20))
        except BlockingIOError:
            turn()
    turn()
    assert kept.told == ["sent"]


def test_who_is_cut_reads_an_end_and_may_be_sent_an_answer(
    ends: tuple[Kept, socket.socket],
) -> None:
    kept, theirs = ends
    kept.cut()
    kept._read()
    assert kept.told == ["ended"]

    kept._send(b"a")
    assert theirs.recv(10) == b"a"


def test_who_does_not_read_its_answer_is_cut_both_ways(ends: tuple[Kept, socket.socket]) -> None:
    kept, _ = ends
    kept._send(b"x" * (4 << 20))
    kept.cut()
    turn()

    assert kept.told == ["closed"]


def test_whoever_has_left_is_closed(ends: tuple[Kept, socket.socket]) -> None:
    kept, theirs = ends
    theirs.close()
    kept._send(b"a")

    assert kept.told == ["closed"]
