"""How a client enters cache channels: what came last comes first."""

from time import time

import pytest

from common.errors import QueueUnavailable
from common.store.webhooks import Note
from tests.support.parts import let_others_run
from tests.support.pusher_talk import Talk, build
from tests.support.running import Running
from tests.support.webhooks import FakeWebhooks
from ws_server.pusher import entering, last_events

CACHE = "cache-a"


@pytest.fixture(autouse=True)
def _all_is_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log in memory has ids of 1970."""
    monkeypatch.setattr(last_events, "KEPT", time() + 1000)


def test_the_last_event_follows_the_success(running: Running) -> None:
    build(running)
    first = Talk(running)
    first.subscribe(CACHE)
    assert first.hear("pusher:cache_miss", CACHE) == {}
    running.log.push(b'"1"', b'"2"', b"3", recipients=[(CACHE,), (CACHE,), ("news",)])
    assert [first.next()["data"] for _ in range(2)] == ['"1"', '"2"']

    second = Talk(running)
    second.subscribe(CACHE)

    assert second.hear("message", CACHE) == "2"
    running.log.push(b"4", recipients=[(CACHE,)])
    assert second.next()["data"] == "4"


def test_what_clients_have_sent_since_does_not_follow(running: Running) -> None:
    build(running)
    first = Talk(running)
    first.subscribe(CACHE)
    first.hear("pusher:cache_miss", CACHE)
    events = [b"price", b"client-x", b"client-y"]
    running.log.write(b'"1"', b'"2"', b'"3"', recipients=[(CACHE,)] * 3, events=events)
    assert [first.next()["event"] for _ in events] == ["price", "client-x", "client-y"]

    second = Talk(running)
    second.subscribe(CACHE)

    assert second.hear("price", CACHE) == "1"
    running.log.push(b"4", recipients=[(CACHE,)])
    assert second.next()["data"] == "4"


def test_while_redis_does_not_answer_the_client_waits(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    build(running, poll_interval=1000.0)
    talk = Talk(running)
    running.log.fault = QueueUnavailable("gone")
    talk.subscribe(CACHE)
    assert talk.peer.has_nothing()

    running.log.fault = None

    assert talk.hear("pusher:cache_miss", CACHE) == {}


def test_a_cache_miss_is_noted_for_webhooks_before_the_client_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    webhooks = FakeWebhooks()
    build(running, webhooks, poll_interval=1000.0)
    talk = Talk(running)
    webhooks.fault = QueueUnavailable("gone")
    talk.subscribe(CACHE)
    talk.subscribe("news")
    assert talk.peer.has_nothing()

    webhooks.fault = None
    talk.hear("pusher:cache_miss", CACHE)

    assert webhooks.notes == [Note("cache_miss", CACHE)]


def test_who_leaves_meanwhile_is_not_let_in(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "PAUSE", 0.001)
    build(running, poll_interval=1000.0)
    talk = Talk(running)
    running.log.fault = QueueUnavailable("gone")
    talk.subscribe(CACHE)
    talk.say("pusher:unsubscribe", {"channel": CACHE})
    talk.say("pusher:ping")
    talk.hear("pusher:pong")

    running.log.fault = None
    let_others_run()

    assert not running.service.hub.connections[0].channels


def test_who_enters_and_leaves_for_ever_does_not_have_redis_asked_for_ever(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "MOST_LOOKS", 2)
    build(running, poll_interval=1000.0)
    talk = Talk(running)
    running.log.fault = QueueUnavailable("gone")
    for number in range(2):
        talk.subscribe(f"cache-{number}")
        talk.say("pusher:unsubscribe", {"channel": f"cache-{number}"})

    talk.say("pusher:subscribe", {"channel": "cache-3"})

    assert talk.hear("pusher:subscription_error", "cache-3")["type"] == "LimitReached"
