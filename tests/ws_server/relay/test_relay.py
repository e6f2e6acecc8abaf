"""From the queue to the clients: everything, in order, and patient with a Redis that is away."""

import json
import logging
from collections.abc import Callable
from itertools import pairwise
from time import monotonic
from typing import Any

import gevent
import pytest
from gevent.event import Event

from common.errors import QueueUnavailable
from common.message import Mark, parse_id
from common.page import Page
from common.store.log import SETTLE_MESSAGES
from common.store.log_state import LogState
from tests.support.parts import SMALL, Parts, Peer, numbered, wait_until
from ws_server.clients import fan_out
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.fan_out import CLOCK_EVERY
from ws_server.door.listen import Listen
from ws_server.relay import loss
from ws_server.relay import relay as module
from ws_server.relay.pages import READ_MESSAGES
from ws_server.relay.relay import MOST_UNREAD, Relay
from ws_server.wire.close_codes import TRY_AGAIN

GONE = QueueUnavailable("gone")


@pytest.fixture
def relay(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.01)
    return Relay(parts.log, parts.hub)


def connect(parts: Parts, relay: Relay, listen: Listen) -> Peer:
    """A client, where the relay says that it begins."""
    return parts.connect(listen=listen, beginning=relay.beginnings.find(listen))[1]


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

    waiting.get(timeout=5)

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
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    gevent.sleep(0.05)  # Many tries of both.

    assert outage_lines(caplog) == ["ERROR"]
    assert not relay.is_connected


@pytest.mark.parametrize("mode", ["timer", "instant"])
def test_a_redis_that_keeps_nothing_does_not_flood_clients_with_gaps(
    parts: Parts, relay: Relay, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it throws keys away at every command, each look begins a new epoch."""
    monkeypatch.setattr(loss, "PAUSE", 0.05)
    relay.find_head()
    look, rewind, rewinds = parts.log.look, parts.hub.rewind, list[float]()

    def look_and_lose(known: Mark | None = None) -> LogState:
        if len(rewinds) < 6:
            parts.log.lose(0)
        gevent.sleep(0)
        return look(known)

    def rewind_and_note(mark: Mark, *, kept: int | None = None) -> None:
        rewinds.append(monotonic())
        rewind(mark, kept=kept)

    monkeypatch.setattr(parts.log, "look", look_and_lose)
    monkeypatch.setattr(parts.hub, "rewind", rewind_and_note)
    if mode == "timer":
        gevent.spawn(relay.tick)
    else:
        gevent.spawn(relay.run_settling, 60.0)
        gevent.spawn(relay.run_reading)
    wait_until(lambda: len(rewinds) >= 6, "six losses")
    relay.stop()

    pauses = [after - before for before, after in pairwise(rewinds)]
    assert min(pauses[1:]) >= 0.04  # The first loss is followed at once.


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
    if mode == "instant":
        gevent.spawn(relay.run_settling, 60.0)
        gevent.spawn(relay.run_reading)
    for _ in range(20):
        relay.tick() if mode == "timer" else gevent.sleep(0.01)

    assert len(parts.log.messages) <= MOST_UNREAD + SETTLE_MESSAGES
    assert not relay.is_connected
    parts.log.read_fault = None
    relay.tick()
    assert client.texts(len(contents)) == contents
    relay.stop()


@pytest.mark.parametrize("half", ["run_settling", "run_reading"])
def test_an_unforeseen_failure_does_not_end_instant_delivery(
    parts: Parts, relay: Relay, half: str
) -> None:
    relay.find_head()
    parts.log.fault = ValueError("an entry that nobody foresaw")
    settling = gevent.spawn(relay.run_settling, 60.0)
    reading = gevent.spawn(relay.run_reading)
    gevent.sleep(0.01)

    assert not (settling.dead if half == "run_settling" else reading.dead)


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

    settling.get(timeout=5)
    reading.get(timeout=5)


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

    def read_after(
        self, known: Mark, count: int, block_seconds: float | None = None
    ) -> tuple[Page, bool]:
        self.ahead.append(known.id > self._hub.mark.id)
        is_second = len(self.ahead) == 2
        answer = self._read(known, count, block_seconds)
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
    wait_until(lambda: len(reads.ahead) == 4, "waiting for news")

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


# Loss: whoever can be told is told.


def test_a_log_that_has_gone_back_is_followed_and_json_clients_are_told(
    parts: Parts, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    relay.find_head()
    text, json_ = parts.connect()[1], parts.connect(listen=Listen("json"))[1]
    parts.log.push(*numbered(5))
    relay.tick()
    parts.log.lose(keep=2)

    relay.tick()
    parts.log.push(b"new")
    relay.tick()

    assert text.texts(6) == [*numbered(5), b"new"]
    told = [json.loads(payload) for payload in json_.texts(8)]
    contents = [row["content"].strip() for row in told if "content" in row]
    assert contents == ["0", "1", "2", "3", "4", "new"]
    assert told[6]["type"] == "gap"
    assert told[6]["after"] == "e1-5-0"
    assert told[7]["id"] == "e1x-3-0"
    assert "lost" in caplog.text


def test_a_client_ahead_of_this_process_goes_on_after_what_it_has_when_redis_loses_messages(
    parts: Parts, relay: Relay
) -> None:
    """Another process has read six, this one two; then Redis has only five of them."""
    relay.find_head()
    parts.log.push(*numbered(2))
    relay.tick()
    parts.log.write(*numbered(6)[2:])
    ahead = connect(parts, relay, Listen("json", last_id="e1-6-0"))
    live = parts.connect(listen=Listen("json"))[1]
    parts.log.lose(keep=5)

    relay.tick()
    parts.log.push(b"new")
    relay.tick()

    _, gap, new = map(json.loads, ahead.texts(3))
    assert (gap["after"], gap["id"]) == ("e1-6-0", "e1x-5-0")
    assert new["content"] == "new"
    _, gap, *rest = map(json.loads, live.texts(6))
    assert (gap["after"], gap["id"]) == ("e1-2-0", "e1x-2-0")
    assert [row["content"].strip() for row in rest] == ["2", "3", "4", "new"]


def test_a_client_behind_and_ahead_of_this_process_gets_nothing_twice_after_a_loss(
    parts: Parts, relay: Relay
) -> None:
    relay.find_head()
    parts.log.push(b"0")
    relay.tick()
    parts.log.write(*numbered(6)[1:])
    slow, client = parts.connect(SMALL, listen=Listen("json"), beginning=Beginning(cursor=6 << 64))
    slow.send(b"x" * 4 * SMALL)  # Its socket is full.
    assert slow.owed is not None
    parts.log.lose(keep=5)

    relay.tick()
    parts.log.push(b"new")
    relay.tick()
    parts.start_catch_up()

    told = [payload for _, payload in client.frames(4)]
    assert json.loads(told[2])["after"] == "e1-6-0"
    assert json.loads(told[3])["content"] == "new"


def test_what_the_log_forgets_is_no_gap_for_a_client_ahead_of_this_process(
    parts: Parts, relay: Relay
) -> None:
    relay.find_head()
    parts.start_catch_up()
    parts.log.write(*numbered(6))
    ahead = parts.connect(listen=Listen("json"), beginning=Beginning(cursor=5 << 64))[1]
    parts.log.forgotten = parse_id(parts.log.messages[2][0])

    relay.tick()

    _, last = map(json.loads, ahead.texts(2))
    assert last["content"].strip() == "5"
    assert ahead.has_nothing()


@pytest.mark.parametrize("is_instant", [True, False])
def test_messages_forgotten_before_this_process_read_them_are_a_gap_for_all(
    parts: Parts, relay: Relay, *, is_instant: bool
) -> None:
    relay.find_head()
    text, json_ = parts.connect()[1], parts.connect(listen=Listen("json"))[1]
    parts.log.write(*numbered(5))
    parts.log.forgotten = parse_id(parts.log.messages[2][0])

    if is_instant:
        gevent.spawn(relay.run_reading)
    else:
        relay.tick()

    assert text.close_code() == 4008
    welcome, gap, *rest = (json.loads(payload) for payload in json_.texts(4))
    assert (welcome["type"], gap["type"]) == ("welcome", "gap")
    assert [row["content"].strip() for row in rest] == ["3", "4"]


def test_both_halves_of_instant_follow_a_loss_once(parts: Parts, relay: Relay) -> None:
    relay.find_head()
    json_ = parts.connect(listen=Listen("json"))[1]
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)
    parts.log.push(b"old")
    json_.texts(2)

    parts.log.lose(keep=0)
    parts.log.push(b"new")

    gap, new = (json.loads(payload) for payload in json_.texts(2))
    assert gap["type"] == "gap"
    assert new["content"] == "new"
    assert json_.has_nothing()


# Where a client starts.


@pytest.fixture
def filled(parts: Parts, relay: Relay) -> Relay:
    """It has relayed ten messages and then another process has settled one more."""
    relay.find_head()
    parts.log.push(*numbered(10))
    relay.tick()
    parts.log.write(b"ahead")
    return relay


@pytest.mark.parametrize(("last_id", "cursor"), [("e1-4-0", 4), ("e1-10-0", 10), ("e1-11-0", 11)])
def test_a_client_resumes_after_its_last_id(filled: Relay, last_id: str, cursor: int) -> None:
    beginning = filled.beginnings.find(Listen(last_id=last_id))

    assert (beginning.cursor, beginning.missing) == (cursor << 64, "")


@pytest.mark.parametrize(
    ("last_id", "cursor"), [("e2-4-0", None), ("nonsense", None), ("e1-12-0", 11), ("e1-1-0", None)]
)
def test_a_client_that_cannot_resume_is_told_why(
    parts: Parts, filled: Relay, last_id: str, cursor: int | None
) -> None:
    parts.log.forgotten = parse_id(b"3-0")
    filled.tick()

    beginning = filled.beginnings.find(Listen(last_id=last_id))

    assert beginning.cursor == (None if cursor is None else cursor << 64)
    assert beginning.missing
    assert beginning.asked == last_id


def test_an_id_of_a_newer_epoch_is_resumed_as_soon_as_this_process_follows(
    parts: Parts, relay: Relay
) -> None:
    """Another process has noticed a loss, and this one has not looked since."""
    relay.find_head()
    parts.log.push(*numbered(5))
    relay.tick()
    live = parts.connect(listen=Listen("json"))[1]
    parts.log.lose(keep=2)
    parts.log.write(b"new", b"newer")

    beginning = relay.beginnings.find(Listen("json", last_id="e1x-3-0"))
    client = parts.connect(listen=Listen("json"), beginning=beginning)[1]
    parts.start_catch_up()
    relay.tick()

    assert beginning.missing == ""
    assert [json.loads(payload).get("content") for payload in client.texts(2)] == [None, "newer"]
    assert [json.loads(payload).get("type") for payload in live.texts(4)[:2]] == ["welcome", "gap"]


def test_a_client_whose_id_redis_has_lost_gets_nothing_again_that_it_has(
    parts: Parts, relay: Relay
) -> None:
    """It has read six at another process, this one two, Redis has five left, and nobody knows."""
    relay.find_head()
    parts.log.push(*numbered(2))
    relay.tick()
    parts.log.write(*numbered(6)[2:])
    del parts.log.messages[5:]

    client = connect(parts, relay, Listen("json", last_id="e1-6-0"))
    relay.tick()
    parts.log.push(b"new")
    relay.tick()

    gap, welcome, new = map(json.loads, client.texts(3))
    assert (gap["after"], gap["id"]) == ("e1-6-0", "e1-5-0")
    assert (welcome["id"], welcome["complete"]) == ("e1-5-0", False)
    assert new["content"] == "new"


@pytest.mark.parametrize(("had", "missed"), [(5, ["new 0", "new 1"]), (2, ["2", "new 0", "new 1"])])
def test_a_client_of_the_epoch_before_gets_what_is_left_and_what_is_new(
    parts: Parts, relay: Relay, had: int, missed: list[str]
) -> None:
    relay.find_head()
    parts.log.push(*numbered(5))
    relay.tick()
    parts.log.lose(keep=3)
    parts.log.push(b"new 0", b"new 1")
    relay.tick()
    parts.start_catch_up()

    client = connect(parts, relay, Listen("json", last_id=f"e1-{had}-0"))

    gap, welcome, *rest = map(json.loads, client.texts(2 + len(missed)))
    assert gap["id"] == welcome["id"] == f"e1x-{min(had, 3)}-0"
    assert [row["content"].strip() for row in rest] == missed
    assert client.has_nothing()


def test_an_id_is_not_resumed_if_redis_loses_messages_while_it_is_looked_for(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.find_head()
    parts.log.write(*numbered(3))
    had = parts.log.has

    def has(id_: int) -> bool:
        found = had(id_)
        parts.log.lose(keep=2)
        relay.tick()
        return found

    monkeypatch.setattr(parts.log, "has", has)

    assert relay.beginnings.find(Listen("json", last_id="e1-3-0")).missing


def test_the_newest_of_a_log_that_has_forgotten_everything_are_none(
    parts: Parts, relay: Relay
) -> None:
    parts.log.write(*numbered(3))
    parts.log.forgotten = parts.log.last_id()
    parts.log.messages.clear()
    state = LogState("e1", 0, (3 << 64) + 1, 3 << 64)
    parts.log.look = lambda *_: state  # type: ignore[method-assign]
    relay.find_head()

    beginning = relay.beginnings.find(Listen(last=2))
    _, client = parts.connect(beginning=beginning)
    parts.start_catch_up()

    assert client.has_nothing()


def test_an_id_that_the_log_has_lost_is_not_resumed_in_silence(parts: Parts, relay: Relay) -> None:
    """It lies between two that are there: everything came back older while nobody looked."""
    parts.log.write(*numbered(3))
    relay.find_head()
    parts.connect()
    parts.log.write(*numbered(3))
    del parts.log.messages[4]
    relay.tick()

    assert relay.beginnings.find(Listen(last_id="e1-4-0")).missing == ""
    assert relay.beginnings.find(Listen(last_id="e1-5-0")).missing
    assert relay.beginnings.find(Listen(last_id="e1-2-0")).missing == ""


def test_who_claims_to_be_ahead_is_looked_up_once(parts: Parts, filled: Relay) -> None:
    filled.beginnings.find(Listen(last_id="e1-11-0"))
    parts.log.fault = GONE

    assert filled.beginnings.find(Listen(last_id="e1-11-0")).cursor == 11 << 64


def test_without_redis_who_claims_to_be_ahead_is_sent_away(parts: Parts, filled: Relay) -> None:
    """Believed, it would be told that nothing is missing; Redis may come back without its id."""
    parts.log.fault = GONE

    assert filled.beginnings.find(Listen(last_id="e1-12-0")) == Beginning(refused=TRY_AGAIN)
    assert filled.beginnings.find(Listen(format="json", last=1000)) == Beginning(refused=TRY_AGAIN)


@pytest.mark.parametrize("last", [3, 10, 11])
def test_a_client_starts_before_the_newest_messages(parts: Parts, relay: Relay, last: int) -> None:
    relay.find_head()
    parts.connect()
    parts.log.push(*numbered(10))
    relay.tick()

    beginning = relay.beginnings.find(Listen(last=last))

    assert beginning.cursor is not None
    follow = [id_ for id_, _ in parts.log.messages if parse_id(id_) > beginning.cursor]
    assert len(follow) == min(last, 10)


def test_a_client_of_the_newest_messages_can_resume_before_the_first_of_them_came(
    filled: Relay,
) -> None:
    cursor = filled.beginnings.find(Listen(last=3)).cursor

    assert cursor is not None
    beginning = filled.beginnings.find(Listen(last_id=str(Mark("e1", cursor))))
    assert (beginning.cursor, beginning.missing) == (cursor, "")


def test_an_ordinary_client_starts_at_the_head(filled: Relay) -> None:
    assert filled.beginnings.find(Listen(format="json")) == AT_THE_HEAD
