"""How far streams of events are: what has arrived, and nothing that was cut off on its way."""

import gevent
import pytest

from common.message import Mark
from tests.support.parts import SMALL, Parts, Peer, Peers, let_others_run, wait_until
from tests.support.processes import free_port
from ws_server.clients.connection import Connection
from ws_server.clients.written import has_arrived
from ws_server.door.listen import Listen
from ws_server.relay import streams as module
from ws_server.relay.streams import Streams

PORT = free_port()
SINCE = Mark("e1", 1)
EVENTS = Listen(events=True)


@pytest.fixture
def streams() -> Streams:
    return Streams()


def begin(
    parts: Parts, peers: Peers, streams: Streams, since: Mark | None = None
) -> tuple[Connection, Peer]:
    """A stream of events over TCP that is live."""
    fd, peer = peers.make_tcp(PORT)
    connection = parts.hub.join(fd, parts.receiver().read, EVENTS)
    streams.enter(connection, since)
    return connection, peer


def mark(parts: Parts) -> Mark:
    return parts.hub.mark


def test_what_has_arrived_counts_a_round_later(parts: Parts, peers: Peers) -> None:
    streams = Streams()
    connection, _ = begin(parts, peers, streams)
    before = mark(parts)
    parts.publish(b"one")
    wait_until(lambda: has_arrived(connection), "it has arrived")

    assert list(streams.note()) == []
    assert streams.place_of(connection) == before
    assert list(streams.note()) == [connection]
    assert streams.place_of(connection) == mark(parts)
    assert list(streams.note()) == []


def test_what_is_on_its_way_does_not_count(parts: Parts, peers: Peers, streams: Streams) -> None:
    connection, peer = begin(parts, peers, streams, SINCE)
    parts.publish(b"x" * 20 * SMALL)
    assert connection.sent_upto == mark(parts).id  # The kernel took all of it.

    for _ in range(3):
        assert list(streams.note()) == []
    assert streams.place_of(connection) == SINCE

    peer.take(20 * SMALL)
    wait_until(lambda: list(streams.note()) == [connection], "it has arrived")
    assert streams.place_of(connection) == mark(parts)


def test_what_the_socket_has_not_taken_does_not_count(parts: Parts, streams: Streams) -> None:
    connection, _ = parts.connect(SMALL, EVENTS)
    streams.enter(connection, SINCE)
    parts.publish(b"x" * 20 * SMALL)

    assert connection.owed is not None
    assert not has_arrived(connection)
    parts.hub.sender.drop(connection)
    assert streams.place_of(connection) == SINCE


def test_who_ends_it_has_all_that_it_was_sent(parts: Parts, peers: Peers, streams: Streams) -> None:
    connection, peer = begin(parts, peers, streams, SINCE)
    parts.publish(b"one")
    peer.take_upto(b"one\n\n")
    peer.socket.close()
    wait_until(lambda: not connection.is_open, "gone")

    assert streams.place_of(connection) == mark(parts)
    streams.leave(connection)
    assert list(streams.note()) == []


@pytest.mark.parametrize("size", [1, 20 * SMALL], ids=["unread", "not even arrived"])
def test_who_is_cut_off_has_what_had_arrived_before(
    parts: Parts, peers: Peers, streams: Streams, size: int
) -> None:
    connection, peer = begin(parts, peers, streams, SINCE)
    parts.publish(b"x" * size)
    let_others_run()
    peer.socket.close()
    wait_until(lambda: not connection.is_open, "gone")

    assert streams.place_of(connection) == SINCE


def test_many_are_noted_by_and_by_and_who_leaves_meanwhile_is_not(
    parts: Parts, peers: Peers, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    first, second, third = (begin(parts, peers, streams, SINCE)[0] for _ in range(3))
    wait_until(lambda: all(map(has_arrived, (first, second, third))), "it has arrived")
    assert list(streams.note()) == []

    def leave() -> None:
        parts.hub.sender.drop(third)
        streams.leave(third)

    gevent.spawn(leave)
    assert list(streams.note()) == [first, second]


def test_others_are_no_streams(parts: Parts, streams: Streams) -> None:
    connection, _ = parts.connect()

    assert streams.place_of(connection) is None
    streams.leave(connection)
