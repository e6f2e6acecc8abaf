"""In which order webhooks are sent, when again, and by whom."""

import json
import logging
from collections.abc import Mapping
from itertools import pairwise

import pytest

from common.errors import QueueUnavailable
from common.metrics.numbers import Counts
from common.pusher.signing import is_signed
from common.store.webhooks import Unsent
from tests.support.parts import let_others_run
from tests.support.pusher_talk import APPS, ONE, TWO
from tests.support.webhooks import FakeWebhooks
from ws_server.pusher.webhook_body import LONGEST_PAUSE, MOST_EVENTS
from ws_server.pusher.webhook_post import NotTaken
from ws_server.pusher.webhook_sender import (
    GIVE_UP,
    LEAST_TRIES,
    ROUND,
    STALE,
    STANDBY,
    Sender,
    Senders,
)

URL = "https://one.example.com/hook"


class Backend:
    """What it has taken; nothing while it is down."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.is_down = False
        self.asked = 0

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.asked += 1
        if self.is_down:
            raise NotTaken("it answered 500")
        assert url == URL
        assert headers["X-Pusher-Key"] == ONE.key
        assert is_signed(ONE, body, headers["X-Pusher-Signature"])
        self.bodies.append(body)

    @property
    def channels(self) -> list[str]:
        return [each["channel"] for body in self.bodies for each in json.loads(body)["events"]]


class Stage:
    """A sender of the first application, and everything around it."""

    def __init__(self) -> None:
        self.webhooks, self.backend, self.counts = FakeWebhooks(), Backend(), Counts()
        self.now = 10.0
        self.sender = self.make_sender()

    def make_sender(self) -> Sender:
        return Sender(ONE, URL, self.webhooks, self.backend.post, self.counts, lambda: self.now)

    def note(self, *channels: str) -> None:
        for channel in channels:
            self.webhooks.note("channel_occupied", channel)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_what_is_noted_is_sent_once_and_in_order(stage: Stage) -> None:
    stage.note("a", "b", "a")
    assert stage.sender.step() == 0.0
    stage.note("c")
    stage.sender.step()

    assert stage.sender.step() == ROUND
    assert [len(json.loads(body)["events"]) for body in stage.backend.bodies] == [3, 1]
    assert stage.backend.channels == ["a", "b", "a", "c"]
    assert json.loads(stage.backend.bodies[0])["time_ms"] == 10_000
    assert stage.counts == {"sent": 4}


def test_what_is_of_another_application_is_passed_over(stage: Stage) -> None:
    stage.note(f"{TWO.id}:a", "orders.*", "members:presence-a")
    stage.sender.step()

    assert (stage.backend.asked, stage.webhooks.places) == (0, {ONE.id: 3})


def test_many_are_sent_in_several_requests(stage: Stage) -> None:
    names = [f"c{number}" for number in range(2 * MOST_EVENTS + 1)]
    stage.note(*names)
    while stage.sender.step() == 0.0:
        pass

    assert stage.backend.channels == names
    assert len(stage.backend.bodies) == 3


def test_what_is_not_taken_is_tried_again_later_and_later(stage: Stage) -> None:
    stage.backend.is_down = True
    stage.note("a")
    tries = list[float]()
    while len(tries) < 8:
        before = stage.backend.asked
        wait = stage.sender.step()
        assert 0.0 < wait <= STANDBY  # Or its lease would end.
        if stage.backend.asked > before:
            tries.append(stage.now)
        stage.now += wait
        stage.note("b")

    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    stage.backend.is_down, stage.now = False, stage.now + 60
    stage.sender.step()
    assert stage.backend.channels[:2] == ["a", "b"]


def test_what_is_not_taken_for_long_is_set_aside(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.backend.is_down = True
    stage.note("a", "b", f"{TWO.id}:a")
    stage.now = GIVE_UP + 0.0025 - LEAST_TRIES * LONGEST_PAUSE  # Since the second, at the end.
    for _ in range(LEAST_TRIES):
        stage.now += LONGEST_PAUSE
        stage.sender.step()

    assert stage.webhooks.places == {ONE.id: 2}
    assert stage.counts == {"set_aside": 2}
    assert "2 events of webhooks of application one are set aside" in caplog.text
    stage.backend.is_down = False
    assert 0.0 < stage.sender.step() <= STANDBY  # The backend has its pause all the same.


def test_what_has_waited_for_a_sender_is_not_set_aside_because_of_one_failure(
    stage: Stage,
) -> None:
    stage.note("a")
    stage.backend.is_down, stage.now = True, 10 * GIVE_UP
    for _ in range(LEAST_TRIES - 1):
        stage.sender.step()
        stage.now += LONGEST_PAUSE
    stage.backend.is_down = False
    stage.sender.step()

    assert stage.backend.channels == ["a"]


def test_a_second_one_takes_over_where_the_first_has_stopped(stage: Stage) -> None:
    second = stage.make_sender()
    stage.note("a", "b")
    stage.webhooks.is_sender = False
    assert second.step() == STANDBY
    assert stage.backend.asked == 0

    stage.webhooks.is_sender = True
    stage.sender.step()
    stage.note("c")
    second.step()
    assert stage.backend.channels == ["a", "b", "c"]


def test_who_was_stopped_looks_again_before_it_sends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = stage.webhooks.read

    def read_and_stop(app: str, most: int) -> Unsent | None:
        stage.now += STALE + 0.1
        return read(app, most)

    stage.note("a")
    monkeypatch.setattr(stage.webhooks, "read", read_and_stop)
    assert stage.sender.step() == 0.0
    assert stage.backend.asked == 0
    monkeypatch.undo()
    stage.sender.step()

    assert stage.backend.channels == ["a"]


def test_if_redis_goes_after_a_request_that_is_not_sent_again(stage: Stage) -> None:
    stage.note("a")
    post = stage.backend.post

    def post_and_lose_redis(url: str, headers: Mapping[str, str], body: bytes) -> None:
        post(url, headers, body)
        stage.webhooks.fault = QueueUnavailable("gone")

    webhooks = stage.webhooks
    sender = Sender(ONE, URL, webhooks, post_and_lose_redis, stage.counts, lambda: stage.now)
    assert sender.step() == sender.step() == STANDBY
    webhooks.fault = None
    assert sender.step() == ROUND

    assert stage.backend.channels == ["a"]


def test_it_is_told_that_some_are_lost(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.webhooks.dropped = 3
    stage.sender.step()

    assert "3 events of webhooks are lost: too many waited" in caplog.text
    assert stage.counts == {"lost": 3}


def test_failures_are_told_when_they_begin_and_end(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    stage.backend.is_down = True
    stage.note("a")
    for _ in range(3):
        stage.sender.step()
        stage.now += 60
    stage.backend.is_down = False
    stage.sender.step()

    told = [each.message for each in caplog.records]
    assert told == [
        "A webhook of application one is not taken: it answered 500",
        "Webhooks of application one are taken again",
    ]
    assert URL not in caplog.text


def test_a_process_sends_until_it_stops_and_then_another_can(stage: Stage) -> None:
    stage.note("a")
    senders = Senders.of(APPS, [(ONE.id, URL)], stage.webhooks, stage.backend.post)
    senders.start()
    let_others_run()
    senders.stop(1.0)

    assert stage.backend.channels == ["a"]
    assert senders.counts == {"sent": 1}
    assert not stage.webhooks.is_sender


def test_a_stop_without_redis_is_told(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.webhooks.fault = QueueUnavailable("gone")
    Senders([], stage.webhooks, stage.backend.post).stop(1.0)

    assert "Webhooks wait until the lease of their sender ends" in caplog.text
