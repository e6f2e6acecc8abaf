"""What a client gets of a channel before it is in: everything once, and in order."""

import json

import gevent
import pytest

from common.errors import QueueUnavailable
from common.message import Mark
from tests.support.parts import SMALL, Parts, Peers, let_others_run, wait_until
from tests.support.pusher_talk import APPS
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.door.listen import Listen
from ws_server.log.feed import Feed
from ws_server.pusher import replays
from ws_server.pusher.frames import PusherFrames, shown_by
from ws_server.pusher.replays import Replay, Replays

A = "news"


class Stage:
    """A hub with clients of the format, and replays into one channel."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        parts.feeds["pusher"] = Feed(parts.log, PusherFrames(shown_by(APPS)), 1 << 20)
        parts.hub = Hub(parts.feeds, parts.gone.append)
        parts.hub.rewind(Mark(parts.log.epoch, 0), kept=0)
        parts.start_catch_up()
        self.replays = Replays(parts.hub.sender)
        self.gaps = 0
        self.wants = True

    def publish(self, *contents: bytes, to: str = A) -> None:
        page = self.parts.log.write(*contents, recipients=[(to,)] * len(contents))
        self.parts.hub.publish(page)

    def begin(self, connection: Connection, after: int) -> None:
        def enter() -> None:
            self.parts.hub.subscribe(connection, frozenset([A]))

        wants = lambda: self.wants  # noqa: E731
        self.replays.begin(Replay(connection, A, after << 64, wants, enter, self._tell_gap))

    def _tell_gap(self) -> None:
        self.gaps += 1


@pytest.fixture
def stage(parts: Parts) -> Stage:
    return Stage(parts)


def data(said: list[bytes]) -> list[str]:
    return [json.loads(each)["data"] for each in said]


LISTEN = Listen("pusher", app=next(iter(APPS)))


def test_what_came_after_the_place_comes_first(stage: Stage) -> None:
    stage.publish(b"1", b"2", b"3")
    connection, peer = stage.parts.connect(listen=LISTEN)

    stage.begin(connection, after=1)
    let_others_run()
    stage.publish(b"4")

    assert data(peer.texts(3)) == ["2", "3", "4"]
    assert stage.gaps == 0


def test_what_is_not_for_the_channel_is_passed_over(stage: Stage) -> None:
    stage.publish(b"1", to="other")
    connection, peer = stage.parts.connect(listen=LISTEN)

    stage.begin(connection, after=0)
    let_others_run()
    stage.publish(b"2")

    assert data(peer.texts(1)) == ["2"]


def test_a_gap_is_told(stage: Stage) -> None:
    stage.parts.log.forgotten = 1 << 64
    stage.publish(b"1", b"2")
    stage.parts.hub.rewind(Mark(stage.parts.log.epoch, 2 << 64), kept=2 << 64)
    connection, peer = stage.parts.connect(listen=LISTEN)

    stage.begin(connection, after=0)
    wait_until(lambda: stage.gaps == 1, "it is told")
    stage.publish(b"3")

    assert data(peer.texts(1)) == ["3"]


def test_while_redis_does_not_answer_it_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "REDIS_PAUSE", 0.001)
    stage.publish(b"1", b"2")
    stage.parts.hub.rewind(Mark(stage.parts.log.epoch, 2 << 64), kept=2 << 64)
    stage.parts.log.fault = QueueUnavailable("gone")
    connection, peer = stage.parts.connect(listen=LISTEN)
    stage.begin(connection, after=1)
    gevent.sleep(0.01)
    assert peer.has_nothing()

    stage.parts.log.fault = None

    assert data(peer.texts(1)) == ["2"]


def test_who_is_not_wanted_any_more_gets_nothing(stage: Stage) -> None:
    stage.publish(b"1")
    connection, peer = stage.parts.connect(listen=LISTEN)
    stage.begin(connection, after=0)

    stage.wants = False

    assert peer.has_nothing()
    assert not connection.channels


def test_a_slow_client_gets_everything_at_its_own_speed(stage: Stage, peers: Peers) -> None:
    contents = [b"%d" % number + b"x" * 10_000 for number in range(40)]
    stage.publish(*contents)
    connection, peer = stage.parts.connect(SMALL, LISTEN)

    stage.begin(connection, after=0)
    gevent.sleep(0.05)
    stage.publish(b"last")

    assert data(peer.texts(41)) == [each.decode() for each in [*contents, b"last"]]
