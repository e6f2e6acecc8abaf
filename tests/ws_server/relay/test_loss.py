"""What the log has lost or forgotten: who is told, and where everybody goes on."""

import json
from itertools import pairwise
from time import monotonic

import gevent
import pytest
from gevent.lock import BoundedSemaphore

from common.message import Mark, parse_id
from common.store.log_state import LogState
from tests.support.parts import LIMIT, SMALL, Parts, let_others_run, numbered, wait_until
from tests.support.relays import connect
from ws_server.clients import catch_up
from ws_server.clients.beginning import Beginning
from ws_server.door.listen import Listen
from ws_server.relay import loss
from ws_server.relay.loss import MOST_EPOCHS, Losses, is_newer
from ws_server.relay.relay import Relay


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


@pytest.mark.parametrize("kind", ["json", "text"])
def test_who_is_behind_is_told_of_a_loss_before_it_gets_what_came_after_it(
    small_window: Parts, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Another process has followed the loss and settled; this one has yet to notice."""
    monkeypatch.setattr(catch_up, "REDIS_PAUSE", 0.01)
    parts = small_window
    relay = Relay(parts.log, parts.hub)
    relay.find_head()
    parts.log.push(*numbered(5))
    relay.tick()
    behind = connect(parts, relay, Listen(kind, last_id="e1-2-0"))
    parts.log.lose(keep=2)
    parts.log.write(b"new", b"newer", b"newest")

    parts.start_catch_up()
    wait_until(lambda: len(parts.log.history_reads) > 2, "tried again")
    relay.tick()

    if kind == "text":
        assert behind.close_code() == 4008
        return
    welcome, gap, *rest = map(json.loads, behind.texts(5))
    assert (welcome["type"], welcome["id"]) == ("welcome", "e1-2-0")
    assert (gap["type"], gap["after"], gap["id"]) == ("gap", "e1-2-0", "e1x-2-0")
    contents = [(row["content"], row["id"]) for row in rest]
    assert contents == [("new", "e1x-3-0"), ("newer", "e1x-4-0"), ("newest", "e1x-5-0")]
    parts.log.push(b"live")
    relay.tick()
    assert json.loads(behind.texts(1)[0])["content"] == "live"
    gevent.sleep(0.02)  # The pause of whoever was parked is over,
    assert behind.has_nothing()  # and it is served no second time.


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


@pytest.fixture
def losses(parts: Parts) -> Losses:
    losses = Losses(parts.log, parts.hub, BoundedSemaphore())
    parts.log.write(*numbered(5))
    losses.find_head()
    return losses


def test_a_log_that_has_only_grown_is_read_on(parts: Parts, losses: Losses) -> None:
    parts.log.write(b"new")

    assert losses.check(parts.hub.mark, parts.log.look())
    assert losses.kept_of("e1") == 6 << 64


def test_after_a_loss_it_is_known_what_is_left_of_the_epochs_before(
    parts: Parts, losses: Losses
) -> None:
    for keep in (4, 2):
        parts.log.lose(keep)
        losses.look()
        parts.log.write(*numbered(5))
    losses.look()

    kept = [losses.kept_of(epoch) for epoch in ("e1", "e1x", "e1xx", "of another log")]

    assert kept == [2 << 64, 2 << 64, 7 << 64, None]


def test_so_many_epochs_are_remembered(
    parts: Parts, losses: Losses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "PAUSE", 0)
    for _ in range(MOST_EPOCHS + 1):
        parts.log.lose(5)
        losses.look()

    assert losses.kept_of("e1") is None
    assert losses.kept_of("e1x") == 5 << 64


def test_what_was_read_before_another_greenlet_noticed_a_loss_is_not_sent(
    parts: Parts, losses: Losses
) -> None:
    known = parts.hub.mark
    parts.log.lose(2)
    losses.look()

    assert not losses.check(known, parts.log.look())


def test_while_messages_are_sent_nobody_is_told_of_a_loss(parts: Parts) -> None:
    publishing = BoundedSemaphore()
    losses = Losses(parts.log, parts.hub, publishing)
    losses.find_head()
    parts.log.lose(0)

    with publishing:
        looking = gevent.spawn(losses.look)
        let_others_run()
        assert parts.hub.mark.epoch == "e1"

    looking.get(timeout=LIMIT)
    assert parts.hub.mark.epoch == "e1x"


def test_an_epoch_is_newer_if_it_began_later() -> None:
    assert is_newer("19a0", "199f")
    assert is_newer("10000", "ffff")
    assert not is_newer("ffff", "ffff")
