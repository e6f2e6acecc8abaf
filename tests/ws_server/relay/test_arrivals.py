"""Who waits until Redis has said where it starts: how many are asked about, and for how long."""

import os
import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from tests.support.parts import LIMIT, Peer, Peers, let_others_run, wait_until
from ws_server.clients.beginning import Beginning
from ws_server.door.listen import Listen
from ws_server.relay.arrivals import MOST_ASKED, Arrival, Arrivals, has_left
from ws_server.wire.close_codes import GOING_AWAY, TRY_AGAIN

LONG = 60.0


class Waiting:
    """Arrivals that ask a Redis which answers when `gate` is set; `taken` are fds and beginnings.

    As `Beginnings.find` does, it makes a failure the beginning of a client that is refused.
    """

    def __init__(self, peers: Peers, limit: float) -> None:
        self.gate = Event()
        self.asked: list[str | None] = []
        self.taken: list[tuple[int, Beginning]] = []
        self.arrivals = Arrivals(self._find, self._take_in, limit)
        self._peers = peers

    def arrive(self, last_id: str = "1") -> Peer:
        fd, peer = self._peers.make()
        self.arrivals.add(Arrival(fd, b"", Listen(last_id=last_id)))
        return peer

    def _find(self, listen: Listen) -> Beginning:
        self.asked.append(listen.last_id)
        if listen.last_id == "unforeseen":
            raise RuntimeError
        try:
            self.gate.wait()
        except QueueUnavailable:
            return Beginning(asked=listen.last_id, refused=TRY_AGAIN)
        return Beginning(asked=listen.last_id)

    def _take_in(self, arrival: Arrival, beginning: Beginning) -> None:
        self.taken.append((arrival.fd, beginning))

    def refusals(self) -> list[object]:
        return [beginning.refused for _, beginning in self.taken]


@pytest.fixture
def waiting(peers: Peers) -> Iterator[Waiting]:
    waiting = Waiting(peers, LONG)
    yield waiting
    waiting.gate.set()
    let_others_run()
    close(waiting)


def close(waiting: Waiting) -> None:
    for fd, _ in waiting.taken:
        os.close(fd)


def test_redis_is_asked_about_so_many_at_a_time_in_the_order_of_arrival(waiting: Waiting) -> None:
    names = [str(number) for number in range(3 * MOST_ASKED)]
    for name in names:
        waiting.arrive(name)
    let_others_run()
    assert waiting.asked == names[:MOST_ASKED]
    assert waiting.taken == []

    waiting.gate.set()

    wait_until(lambda: len(waiting.taken) == len(names), "all are taken in")
    assert [start.asked for _, start in waiting.taken] == names


def test_nobody_waits_longer_than_the_limit_however_many_were_first(peers: Peers) -> None:
    waiting = Waiting(peers, 0.1)
    with gevent.Timeout(LIMIT):
        for _ in range(20 * MOST_ASKED):
            waiting.arrive()
        wait_until(lambda: len(waiting.taken) == 20 * MOST_ASKED, "all are told")

    assert len(waiting.asked) < 10 * MOST_ASKED  # The others' time was up before their turn.
    assert set(waiting.refusals()) == {TRY_AGAIN}
    close(waiting)


def test_at_a_stop_all_are_told_at_once_and_so_is_who_comes_then(waiting: Waiting) -> None:
    for _ in range(3 * MOST_ASKED):
        waiting.arrive()
    let_others_run()

    waiting.arrivals.stop(GOING_AWAY)
    waiting.arrive()
    let_others_run()

    assert waiting.refusals() == [GOING_AWAY] * (3 * MOST_ASKED + 1)
    assert len(waiting.asked) == MOST_ASKED


def test_whoever_has_left_is_taken_in_and_not_asked_about(waiting: Waiting) -> None:
    waiting.arrive().socket.close()
    let_others_run()

    assert len(waiting.taken) == 1
    assert waiting.asked == []


def test_a_failure_that_nobody_foresaw_is_the_end_of_one_wait(waiting: Waiting) -> None:
    for _ in range(MOST_ASKED):
        waiting.arrive("unforeseen")
    let_others_run()
    assert waiting.refusals() == [TRY_AGAIN] * MOST_ASKED

    waiting.gate.set()
    waiting.arrive()

    wait_until(lambda: len(waiting.taken) == MOST_ASKED + 1, "the next is taken in")


def test_a_client_has_left_when_nothing_of_it_is_to_be_read(peers: Peers) -> None:
    fd, peer = peers.make()
    assert not has_left(fd)

    peer.send(b"x")
    peer.socket.shutdown(socket.SHUT_WR)
    assert not has_left(fd)

    assert os.read(fd, 1) == b"x"
    assert has_left(fd)
    os.close(fd)
