"""From the queue to the clients: everything, in order, and patient with a Redis that is away."""

import json
import logging
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.message import Mark
from common.page import Page
from common.store.log import SETTLE_MESSAGES
from common.store.log_state import LogState
from tests.support.parts import Parts, numbered, wait_until
from tests.support.relays import GONE, count_calls
from ws_server.clients import fan_out
from ws_server.clients.fan_out import CLOCK_EVERY
from ws_server.door.listen import Listen
from ws_server.relay import relay as module
from ws_server.relay.pages import READ_MESSAGES
from ws_server.relay.relay import MOST_UNREAD, Relay


def outage_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.levelname for record in caplog.records if "Redis is" in record.getMessage()]


def test_the_start_learns_where_the_log_ends(parts: Parts, relay: Relay) -> None:
    parts.log.write(b"old")

    assert relay.find_head()
    _, client = parts.connect()
    relay.tick()

    assert client.has_nothing()
    assert relay.is_ready
    assert relay.is_connected


def test_without_redis_nobody_may_join_yet(parts: Parts, relay: Relay) -> None:
    parts.log.fault = GONE

    assert not relay.find_head()
    assert not relay.is_ready
    assert not relay.is_connected


def test_the_start_waits_for_redis(parts: Parts, relay: Relay) -> None:
    parts.log.fault = GONE
    waiting = gevent.spawn(relay.wait_for_head)
    gevent.sleep(0)
    parts.log.fault = None

    waiting.get(timeout=60)

    assert relay.is_ready


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 2 * READ_MESSAGES, 2345])
def test_a_tick_sends_all_that_waits_in_order(parts: Parts, relay: Relay, count: int) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(count)
    parts.log.push(*contents)

    relay.tick()

    assert client.texts(count) == contents
    assert client.has_nothing()
    assert not parts.log.queue
    tally = parts.hub.tally
    assert (tally.settled, tally.sent, tally.deliveries) == (count, count, count)


def test_a_tick_sends_what_others_have_settled(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    _, client = parts.connect()
    parts.log.write(b"theirs")
    parts.log.push(b"ours")

    relay.tick()

    assert client.texts(2) == [b"theirs", b"ours"]


def test_an_outage_is_logged_once_and_its_end_once(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.find_head()
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
    relay.find_head()
    for rejected in (2, 3):
        parts.log.rejected = rejected
        relay.tick()

    where = ("{fake}:rejected", "content is no text")
    assert [record.args for record in caplog.records] == [(2, 2, *where), (3, 5, *where)]


def test_what_is_settled_is_sent_though_redis_refuses_something(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.find_head()
    _, client = parts.connect()
    parts.log.problem = "NOPERM"
    parts.log.settle_limit = 2
    parts.log.push(*numbered(5))

    relay.tick()  # Each settle does something, so it goes on.

    assert client.texts(5) == numbered(5)
    assert not relay.is_connected
    parts.log.problem = ""
    relay.tick()
    assert relay.is_connected
    assert outage_lines(caplog) == ["ERROR", "INFO"]


def test_a_settle_that_does_nothing_is_tried_again_later(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    parts.log.problem = "NOPERM"
    parts.log.settle_limit = 0
    parts.log.push(b"waits")

    relay.tick()

    assert not relay.is_connected
    parts.log.problem, parts.log.settle_limit = "", 500
    relay.tick()
    assert relay.is_connected


def test_instant_sends_what_is_settled_though_redis_refuses_something(
    parts: Parts, relay: Relay
) -> None:
    relay.find_head()
    _, client = parts.connect()
    parts.log.problem = "NOPERM"
    gevent.spawn(relay.run_settling, 0.01)
    gevent.spawn(relay.run_reading)

    parts.log.push(b"a")

    wait_until(lambda: not relay.is_connected, "the refusal is noted")
    assert client.texts(1) == [b"a"]
    parts.log.problem = ""
    wait_until(lambda: relay.is_connected, "the end of it is noted")
    relay.stop()


def test_a_push_is_sent_at_once_by_the_two_halves_of_instant(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    _, client = parts.connect()
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    contents = numbered(1200)

    for start in range(0, 1200, 300):
        parts.log.push(*contents[start : start + 300])
        assert client.texts(300) == contents[start : start + 300]
    wait_until(lambda: parts.hub.tally.settled == 1200, "all are counted")
    assert (parts.hub.tally.sent, parts.hub.tally.deliveries) == (1200, 1200)


def test_instant_sends_what_others_settle(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    _, client = parts.connect()
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    gevent.sleep(0)

    for content in numbered(3):
        parts.log.write(content)
        assert client.texts(1) == [content]
    parts.log.push(b"ours")
    assert client.texts(1) == [b"ours"]


def test_what_this_process_has_settled_is_not_read_again(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    _, client = parts.connect()
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    gevent.sleep(0)
    waits = count_calls(monkeypatch, parts.log, "wait_after")
    reads = count_calls(monkeypatch, parts.log, "read_after")

    parts.log.push(b"ours")

    assert client.texts(1) == [b"ours"]
    wait_until(lambda: len(waits) == 1, "waiting for news again")
    assert not reads


@pytest.mark.parametrize("mode", ["timer", "instant"])
def test_the_next_settle_is_asked_for_while_a_page_is_sent(
    parts: Parts, relay: Relay, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(2 * SETTLE_MESSAGES + 1)
    ahead: list[int] = []
    ask = parts.log.ask_to_settle

    def note(known: Mark, count: int, wait: float | None = None) -> Any:
        ahead.append((known.id - parts.hub.mark.id) >> 64)
        return ask(known, count, wait)

    monkeypatch.setattr(parts.log, "ask_to_settle", note)
    parts.log.push(*contents)
    if mode == "instant":
        gevent.spawn(relay.run_settling, 60.0)
    else:
        relay.tick()

    assert client.texts(len(contents)) == contents
    assert ahead[:3] == [0, SETTLE_MESSAGES, SETTLE_MESSAGES]


def test_of_a_settled_page_nothing_is_sent_that_was_sent_meanwhile(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    _, client = parts.connect()
    ask = parts.log.ask_to_settle

    def read_meanwhile(known: Mark, count: int, wait: float | None = None) -> Any:
        answer = ask(known, count, wait)

        def read_first() -> Any:
            parts.hub.publish(parts.log.write(b"theirs"))
            return answer()

        return read_first

    monkeypatch.setattr(parts.log, "ask_to_settle", read_meanwhile)
    parts.log.push(b"ours")

    relay.tick()

    assert client.texts(2) == [b"theirs", b"ours"]
    assert client.has_nothing()


def test_what_is_pushed_during_a_fan_out_goes_out_with_the_next(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
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

    monkeypatch.setattr(fan_out, "SLICE", 0.0)
    monkeypatch.setattr(parts.hub, "publish", push_meanwhile)
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    parts.log.push(b"first")

    assert clients[-1].texts(33) == [b"first", *pushed]
    # None of the 32 has waited for more than one fan-out.
    assert [size for size in sizes if size] == [1, 32]


def test_instant_comes_back_after_an_outage(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    relay.find_head()
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
    relay.find_head()
    parts.log.push(b"waiting")
    parts.log.settle_fault = GONE
    settles = count_calls(monkeypatch, parts.log, "ask_to_settle")
    reads = count_calls(monkeypatch, parts.log, "read_after")
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    wait_until(lambda: min(len(settles), len(reads)) >= 5, "five tries of both")

    assert outage_lines(caplog) == ["ERROR"]
    assert not relay.is_connected


@pytest.mark.parametrize("mode", ["timer", "instant"])
def test_no_more_is_settled_while_nothing_can_be_read(
    parts: Parts, relay: Relay, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the log would forget it unread, if the right to XREAD is missing, say."""
    monkeypatch.setattr(module, "LONGEST_BLOCK", 0.001)
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(10 * SETTLE_MESSAGES)
    parts.log.push(*contents)
    parts.log.read_fault = GONE
    reads = count_calls(monkeypatch, parts.log, "read_after")
    if mode == "instant":
        gevent.spawn(relay.run_settling, 60.0)
        gevent.spawn(relay.run_reading)
        wait_until(lambda: len(reads) >= 20, "twenty tries")
    for _ in range(20 if mode == "timer" else 0):
        relay.tick()

    assert len(parts.log.messages) <= MOST_UNREAD + SETTLE_MESSAGES
    assert not relay.is_connected
    parts.log.read_fault = None
    relay.tick()
    assert client.texts(len(contents)) == contents
    relay.stop()


def test_while_it_only_reads_what_rides_with_settles_goes_alone(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    parts.log.push(*numbered(10 * SETTLE_MESSAGES))
    parts.log.read_fault = GONE
    for _ in range(20):
        relay.tick()  # Until it has settled as much as it may.
    carried = count_calls(monkeypatch, parts.log, "carry")

    parts.log.read_fault = None
    relay.tick()

    assert carried
    count = len(carried)
    relay.tick()
    assert len(carried) == count


@pytest.mark.parametrize("half", ["settling", "reading"])
def test_an_unforeseen_failure_does_not_end_instant_delivery(
    parts: Parts, relay: Relay, half: str, caplog: pytest.LogCaptureFixture
) -> None:
    relay.find_head()
    _, client = parts.connect()
    parts.log.fault = ValueError("an entry that nobody foresaw")
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    wait_until(lambda: f"the relay is {half}" in caplog.text, "a failure")

    parts.log.fault = None
    parts.log.push(b"hello")

    assert client.texts(1) == [b"hello"]


def test_a_stop_sends_what_is_settled_and_leaves_the_queue_to_others(
    parts: Parts, relay: Relay
) -> None:
    relay.find_head()
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
    relay.find_head()
    settling = gevent.spawn(relay.run_settling, 60.0)
    reading = gevent.spawn(relay.run_reading)
    gevent.sleep(0)

    relay.stop()

    settling.get(timeout=60)
    reading.get(timeout=60)


def test_a_stop_waits_for_the_settle_under_way_and_sends_what_it_settles(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(2 * SETTLE_MESSAGES + 1)
    parts.log.push(*contents)
    publish = parts.hub.publish

    def stop_meanwhile(page: Page) -> None:
        stopping.start()
        gevent.sleep(0)
        publish(page)

    stopping = gevent.Greenlet(relay.stop)
    monkeypatch.setattr(parts.hub, "publish", stop_meanwhile)

    relay.tick()
    stopping.get(timeout=60)

    assert client.texts(2 * SETTLE_MESSAGES) == contents[:-1]
    assert client.has_nothing()
    assert list(parts.log.queue) == contents[-1:]


def test_a_stop_without_redis_says_so(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    parts.log.fault = GONE

    with pytest.raises(QueueUnavailable):
        relay.stop()


class Reads:
    """Notes which reads are ahead of what is sent; `after_second` comes after the second."""

    def __init__(self, parts: Parts) -> None:
        self.ahead: list[bool] = []
        self.after_second: Callable[[], object] = lambda: None
        self._hub, self._read = parts.hub, parts.log.read_after

    def read_after(self, known: Mark, count: int) -> tuple[Page, bool]:
        self.ahead.append(known.id > self._hub.mark.id)
        is_second = len(self.ahead) == 2
        answer = self._read(known, count)
        if is_second:
            self.after_second()
        return answer


def fail(*_: object) -> Any:
    raise GONE


def lose_what_was_read_ahead(parts: Parts, relay: Relay) -> None:
    """Redis has lost it, something is new, and the relay has noticed."""
    parts.log.lose(keep=READ_MESSAGES)
    parts.log.write(b"new")
    relay.beginnings.find(Listen("json", last_id="e1x-9999-0"))  # Which makes the relay look.


@pytest.fixture
def reads(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Reads:
    """A fan-out gives others a turn, so that the next page can be read meanwhile."""
    monkeypatch.setattr(fan_out, "SLICE", 0.0)
    reads = Reads(parts)
    monkeypatch.setattr(parts.log, "read_after", reads.read_after)
    return reads


def test_the_next_page_is_read_while_one_is_sent(parts: Parts, relay: Relay, reads: Reads) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(2 * READ_MESSAGES + 1)
    parts.log.write(*contents)

    relay.stop()

    assert reads.ahead == [False, True, True, False]
    assert client.texts(len(contents)) == contents


def test_after_a_page_that_was_read_ahead_and_is_empty_it_goes_on(
    parts: Parts, relay: Relay, reads: Reads
) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(READ_MESSAGES)
    parts.log.write(*contents)
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    assert client.texts(READ_MESSAGES) == contents
    wait_until(lambda: reads.ahead[:3] == [False, True, False], "waiting for news")

    parts.log.push(b"more")

    assert client.texts(1) == [b"more"]


def test_what_is_read_ahead_is_not_taken_for_the_end_of_the_log(
    parts: Parts, relay: Relay, reads: Reads
) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(READ_MESSAGES + 1)
    parts.log.write(*contents)
    reads.after_second = lambda: parts.log.write(b"late")

    relay.stop()

    assert client.texts(len(contents) + 1) == [*contents, b"late"]


def test_while_redis_is_away_nothing_is_lost_of_what_was_to_be_read_ahead(
    parts: Parts, relay: Relay, reads: Reads
) -> None:
    relay.find_head()
    _, client = parts.connect()
    contents = numbered(READ_MESSAGES + 1)
    parts.log.write(*contents)
    reads.after_second = fail

    with pytest.raises(QueueUnavailable):
        relay.stop()
    relay.stop()

    assert client.texts(len(contents)) == contents


def test_who_looks_for_a_loss_does_not_wait_for_the_end_of_a_backlog(
    parts: Parts, relay: Relay, reads: Reads
) -> None:
    relay.find_head()
    parts.connect()
    parts.log.write(*numbered(30 * READ_MESSAGES))
    gevent.spawn(relay.run_reading)
    wait_until(lambda: len(reads.ahead) > 2, "under way")
    before = len(reads.ahead)

    relay.beginnings.find(Listen("json", last_id="e1x-9999-0"))

    assert len(reads.ahead) <= before + 3


def test_what_was_read_ahead_is_not_sent_once_the_log_is_known_to_have_lost_it(
    parts: Parts, relay: Relay, reads: Reads
) -> None:
    relay.find_head()
    _, client = parts.connect(listen=Listen("json"))
    parts.log.write(*numbered(READ_MESSAGES + 1))
    gate = Event()
    reads.after_second = gate.wait
    gevent.spawn(relay.run_reading)
    _welcome, *_, last = map(json.loads, client.texts(READ_MESSAGES + 1))

    lose_what_was_read_ahead(parts, relay)
    gate.set()

    gap, new = map(json.loads, client.texts(2))
    assert (gap["after"], gap["reason"]) == (last["id"], "Redis has lost messages")
    assert new["content"] == "new"


def test_a_page_that_follows_something_else_by_now_is_thrown_away(
    parts: Parts, relay: Relay, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fan-out fails, and before the next one it is noticed that Redis has lost something."""
    relay.find_head()
    _, client = parts.connect(listen=Listen("json"))
    parts.log.write(*numbered(READ_MESSAGES + 1))
    publish = parts.hub.publish

    def publish_and_fail(page: Page) -> None:
        publish(page)
        raise GONE

    monkeypatch.setattr(parts.hub, "publish", publish_and_fail)
    with pytest.raises(QueueUnavailable):
        relay.stop()
    monkeypatch.setattr(parts.hub, "publish", publish)
    lose_what_was_read_ahead(parts, relay)

    relay.stop()

    *_, gap, new = map(json.loads, client.texts(READ_MESSAGES + 3))
    assert (gap["type"], new["content"]) == ("gap", "new")


def test_a_doubt_stays_until_somebody_has_looked(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection to Redis is in doubt once; the look that it asks for fails."""
    relay.find_head()
    _, client = parts.connect(listen=Listen("json"))
    parts.log.push(*numbered(3))
    relay.tick()
    parts.log.lose(keep=1)
    lost, parts.log.epoch = parts.log.epoch, "e1"  # Nobody has noticed.
    parts.log.write(*[b"new"] * 3)
    look = parts.log.look
    looks: list[Mark | None] = []

    def notice(known: Mark | None = None) -> LogState:
        looks.append(known)
        parts.log.epoch = lost
        return look(known)

    monkeypatch.setattr(parts.log, "look", fail)
    parts.log.is_sure = False
    with pytest.raises(QueueUnavailable):
        relay.stop()
    parts.log.is_sure = True
    monkeypatch.setattr(parts.log, "look", notice)

    for _ in range(3):
        relay.stop()

    assert len(looks) == 1
    kinds = [json.loads(text).get("type", "message") for text in client.texts(8)]
    assert kinds == ["welcome", *["message"] * 3, "gap", *["message"] * 3]


def test_a_tick_goes_on_settling_when_it_has_caught_up_with_others(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    _, client = parts.connect()
    theirs, ours = numbered(READ_MESSAGES), numbered(3)
    monkeypatch.setattr(parts.log, "settle_limit", 1)
    parts.log.write(*theirs)
    parts.log.push(*ours)

    relay.tick()

    assert client.texts(READ_MESSAGES + 3) == [*theirs, *ours]
