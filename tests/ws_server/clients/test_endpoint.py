"""Our end of a socket: it never waits, and reads only while there is no reason not to."""

import socket
from collections.abc import Iterator

import pytest

from tests.support.parts import SMALL, Peer, Peers, let_others_run, wait_until
from tests.support.processes import free_port
from ws_server.clients.endpoint import CHANGE, HOOK, REPLIES, Endpoint

PORT = free_port()


class Reading:
    """An endpoint that reads all that arrives, and its peer."""

    def __init__(self, fd: int, peer: Peer) -> None:
        self.peer = peer
        self.said: list[bytes | None] = []
        self.end = Endpoint(fd, lambda end: self.said.append(end.read(100)))

    def hears(self, data: bytes) -> bool:
        """Whether it reads what its peer says now."""
        before = len(self.said)
        self.peer.send(data)
        let_others_run()
        return len(self.said) > before


@pytest.fixture
def reading(peers: Peers) -> Iterator[Reading]:
    reading = Reading(*peers.make(SMALL))
    yield reading
    reading.end.close_socket()


def test_it_reads_when_something_has_arrived(reading: Reading) -> None:
    assert reading.end.read(100) is None
    assert not reading.hears(b"too early")

    reading.end.start_reading()
    let_others_run()

    assert reading.said == [b"too early"]
    assert reading.hears(b"more")


def test_the_end_of_the_stream_is_empty(reading: Reading) -> None:
    reading.peer.socket.close()

    assert reading.end.read(100) == b""


def test_a_full_socket_takes_nothing_and_a_gone_client_is_an_error(reading: Reading) -> None:
    data = b"x" * 20 * SMALL
    taken = reading.end.write(data)

    assert 0 < taken < len(data)
    assert reading.end.write(data) == 0
    reading.peer.socket.close()
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        reading.end.write(data)


def test_it_reads_again_when_there_is_no_reason_left(reading: Reading) -> None:
    end = reading.end
    end.start_reading()

    for reason in (HOOK, REPLIES, CHANGE, HOOK):
        end.pause_reading(reason)
    for reason in (HOOK, CHANGE):
        end.resume_reading(reason)
        assert end.is_paused
        assert not reading.hears(b"question ")
    end.resume_reading(REPLIES)

    assert not end.is_paused
    let_others_run()
    assert reading.said == [b"question question "]


def test_what_was_no_reason_changes_nothing(reading: Reading) -> None:
    reading.end.resume_reading(HOOK)
    assert not reading.hears(b"it has not been told to read")

    reading.end.start_reading()
    reading.end.pause_reading(REPLIES)
    reading.end.resume_reading(HOOK)

    assert reading.end.is_paused


def test_when_all_is_written_it_reads_to_the_end_whatever_the_reason_was(reading: Reading) -> None:
    reading.end.start_reading()
    reading.end.pause_reading(HOOK)

    reading.end.finish_writing()

    assert reading.peer.rest() == []
    assert reading.hears(b"goodbye")
    reading.peer.socket.shutdown(socket.SHUT_WR)
    wait_until(lambda: b"" in reading.said, "the end")


def test_a_closed_one_has_no_descriptor_and_reads_no_more(reading: Reading) -> None:
    reading.end.start_reading()
    reading.end.pause_reading(HOOK)

    reading.end.close_socket()
    reading.end.resume_reading(HOOK)

    assert reading.end.fd == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        reading.end.write(b"late")
    let_others_run()
    assert reading.said == []


def test_what_is_on_its_way_or_thrown_away_has_not_arrived(peers: Peers) -> None:
    fd, peer = peers.make_tcp(PORT)
    end = Endpoint(fd, print)
    end.write(b"x" * 20 * SMALL)
    assert not end.is_drained()
    peer.take(20 * SMALL)
    wait_until(end.is_drained, "it has arrived")

    end.write(b"unread")
    wait_until(end.is_drained, "it has arrived, too")
    peer.socket.close()

    wait_until(lambda: not end.is_drained(), "it was thrown away")
    end.close_socket()


def test_a_socket_that_is_given_away_stays_open_and_is_not_read_here(peers: Peers) -> None:
    reading = Reading(*peers.make())
    reading.end.start_reading()

    fd = reading.end.give_away()

    with socket.socket(fileno=fd) as theirs:
        assert not reading.hears(b"a")
        assert theirs.recv(1) == b"a"
    assert reading.end.fd == -1
