"""From the queue to the clients: everything, in order, and patient with a Redis that is away."""

import logging

import gevent
import pytest

from common.errors import QueueUnavailable
from common.message import Page
from tests.ws_server.parts import Parts, numbered, wait_until
from ws_server import hub
from ws_server import relay as module
from ws_server.hub import CLOCK_EVERY
from ws_server.relay import READ_MESSAGES, Relay

GONE = QueueUnavailable("gone")


@pytest.fixture
def relay(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.01)
    return Relay(parts.log, parts.feed, parts.hub)


def outage_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if "Redis is" in record.getMessage()]


def test_the_start_learns_where_the_log_ends(parts: Parts, relay: Relay) -> None:
    parts.log.write(b"old")

    assert relay.start()
    _, client = parts.connect()
    relay.tick()

    assert client.has_nothing()
    assert relay.is_ready
    assert relay.is_connected


def test_without_redis_nobody_may_join_yet(parts: Parts, relay: Relay) -> None:
    parts.log.fault = GONE

    assert not relay.start()
    assert not relay.is_ready
    assert not relay.is_connected


def test_the_start_waits_for_redis(parts: Parts, relay: Relay) -> None:
    parts.log.fault = GONE
    waiting = gevent.spawn(relay.wait_for_start)
    gevent.sleep(0)
    parts.log.fault = None

    waiting.get(timeout=5)

    assert relay.is_ready


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 2 * READ_MESSAGES, 2345])
def test_a_tick_sends_all_that_waits_in_order(parts: Parts, relay: Relay, count: int) -> None:
    relay.start()
    _, client = parts.connect()
    contents = numbered(count)
    parts.log.push(*contents)

    relay.tick()

    assert client.texts(count) == contents
    assert client.has_nothing()
    assert not parts.log.queue


def test_a_tick_sends_what_others_have_settled(parts: Parts, relay: Relay) -> None:
    relay.start()
    _, client = parts.connect()
    parts.log.write(b"theirs")
    parts.log.push(b"ours")

    relay.tick()

    assert client.texts(2) == [b"theirs", b"ours"]


def test_an_outage_is_logged_once_and_its_end_once(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.start()
    _, client = parts.connect()
    parts.log.push(b"waiting")
    parts.log.fault = GONE
    for _ in range(5):
        relay.tick()
    assert not relay.is_connected
    assert relay.is_ready

    parts.log.fault = None
    for _ in range(5):
        relay.tick()

    assert outage_lines(caplog) == ["ERROR", "INFO"]
    assert relay.is_connected
    assert client.texts(1) == [b"waiting"]


def test_set_aside_envelopes_are_logged_without_their_content(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    relay.start()
    for rejected in (2, 3):
        parts.log.rejected = rejected
        relay.tick()

    assert [record.args for record in caplog.records] == [(2, 2), (3, 5)]


def test_a_push_is_sent_at_once_by_the_two_halves_of_instant(parts: Parts, relay: Relay) -> None:
    relay.start()
    _, client = parts.connect()
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    contents = numbered(1200)

    for start in range(0, 1200, 300):
        parts.log.push(*contents[start : start + 300])
        assert client.texts(300) == contents[start : start + 300]


def test_what_is_pushed_during_a_fan_out_goes_out_with_the_next(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.start()
    clients = [parts.connect()[1] for _ in range(3 * CLOCK_EVERY)]
    pushed = numbered(32)
    sizes: list[int] = []
    publish = parts.hub.publish

    def push_meanwhile(page: Page) -> None:
        sizes.append(len(page.ids))
        if len(sizes) == 1:
            for content in pushed:  # They run as soon as this fan-out lets them.
                gevent.spawn(parts.log.push, content)
        publish(page)

    monkeypatch.setattr(hub, "SLICE", 0.0)
    monkeypatch.setattr(parts.hub, "publish", push_meanwhile)
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    parts.log.push(b"first")

    assert clients[-1].texts(33) == [b"first", *pushed]
    assert sizes == [1, 32]  # None of the 32 has waited for more than one fan-out.


def test_instant_comes_back_after_an_outage(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.start()
    _, client = parts.connect()
    parts.log.fault = GONE
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    wait_until(lambda: not relay.is_connected, "the outage")

    parts.log.fault = None
    parts.log.push(b"waiting")

    assert client.texts(1) == [b"waiting"]


def test_half_an_outage_is_logged_once_too(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica after a failover: it can be read, and refuses to settle."""
    monkeypatch.setattr(module, "LONGEST_BLOCK", 0.001)
    caplog.set_level(logging.INFO)
    relay.start()
    parts.log.push(b"waiting")
    parts.log.settle_fault = GONE
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    gevent.sleep(0.05)  # Many tries of both.

    assert outage_lines(caplog) == ["ERROR"]
    assert not relay.is_connected


@pytest.mark.parametrize("half", ["run_settling", "run_reading"])
def test_an_unforeseen_failure_does_not_end_instant_delivery(
    parts: Parts, relay: Relay, half: str
) -> None:
    relay.start()
    parts.log.fault = ValueError("an entry that nobody foresaw")
    settling = gevent.spawn(relay.run_settling, 60.0)
    reading = gevent.spawn(relay.run_reading)
    gevent.sleep(0.01)

    assert not (settling.dead if half == "run_settling" else reading.dead)


def test_a_stop_sends_what_is_settled_and_leaves_the_queue_to_others(
    parts: Parts, relay: Relay
) -> None:
    relay.start()
    _, client = parts.connect()
    contents = numbered(1100)
    parts.log.write(*contents)
    parts.log.push(b"for others")

    relay.stop()
    relay.tick()

    assert client.texts(1100) == contents
    assert client.has_nothing()
    assert list(parts.log.queue) == [b"for others"]


def test_a_stop_ends_both_halves_of_instant(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_BLOCK", 0.01)
    relay.start()
    settling = gevent.spawn(relay.run_settling, 60.0)
    reading = gevent.spawn(relay.run_reading)
    gevent.sleep(0)

    relay.stop()

    settling.get(timeout=5)
    reading.get(timeout=5)


def test_a_stop_without_redis_says_so(parts: Parts, relay: Relay) -> None:
    relay.start()
    parts.log.fault = GONE

    with pytest.raises(QueueUnavailable):
        relay.stop()
