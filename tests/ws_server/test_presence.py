"""What `Presence` counts, and what it asks of its store and when."""

import gevent
import pytest
from gevent.event import Event

from common.store.presence import Changes, ChannelCounts
from tests.support.parts import wait_until
from tests.support.presence import FakePresenceWriter
from ws_server import presence as presence_module
from ws_server.presence import MOST_CHANGES, RENEW, Presence

NONE: frozenset[str] = frozenset()
ORDERS = frozenset({"orders"})
NEWS = frozenset({"news"})


@pytest.fixture
def writer() -> FakePresenceWriter:
    return FakePresenceWriter()


@pytest.fixture
def presence(writer: FakePresenceWriter) -> Presence:
    return Presence(writer)


def size(changes: Changes) -> int:
    """How much of Redis a write touches."""
    channels = changes.channels.values()
    written = [len(counts.users) if counts.total else 0 for counts in channels]
    return len(changes.users) + len(written) + sum(written)


# Counting


def test_nobody_with_a_user_or_a_channel_costs_redis_nothing(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined(None, NONE)
    presence.do_round(1)
    presence.counts.left(None, NONE)
    presence.do_round(100)
    presence.stop(1)

    assert (writer.writes, writer.sweeps, writer.has_left) == ([], 0, False)


def test_connections_of_a_user_are_counted(presence: Presence, writer: FakePresenceWriter) -> None:
    presence.counts.joined("42", NONE)
    presence.counts.joined("42", NONE)
    presence.counts.joined("7", NONE)
    presence.counts.left("7", NONE)
    presence.counts.left("42", NONE)
    presence.do_round(1)

    assert (writer.users, writer.channels) == ({"42": 1}, {})


def test_connections_of_a_channel_are_counted_by_user(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", ORDERS | NEWS)
    presence.counts.joined("42", ORDERS)
    presence.counts.joined(None, ORDERS)
    presence.do_round(1)

    assert writer.channels == {"orders": {"42": 2, "": 1}, "news": {"42": 1}}
    assert writer.totals == {"orders": 3, "news": 1}


def test_a_wildcard_is_counted_under_its_own_text(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined(None, frozenset({"orders.*"}))
    presence.do_round(1)

    assert writer.channels == {"orders.*": {"": 1}}


def test_the_own_channel_of_a_user_is_no_channel_and_that_of_another_is(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", frozenset({"user:42", "user:7"}))
    presence.do_round(1)
    assert writer.channels == {"user:7": {"42": 1}}

    presence.counts.left("42", frozenset({"user:42", "user:7"}))
    presence.do_round(1)
    assert (writer.users, writer.channels) == ({}, {})


def test_a_connection_that_changes_its_channels_is_still_one(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", ORDERS)
    presence.do_round(1)
    presence.counts.changed("42", ORDERS, NEWS)
    presence.do_round(1)

    assert (writer.users, writer.channels) == ({"42": 1}, {"news": {"42": 1}})
    assert writer.totals == {"news": 1}


# Writing


def test_only_what_has_changed_is_written(presence: Presence, writer: FakePresenceWriter) -> None:
    presence.counts.joined("42", ORDERS)
    presence.counts.joined("7", ORDERS)
    presence.do_round(1)
    writer.writes.clear()

    presence.do_round(1)
    presence.counts.left("7", ORDERS)
    presence.do_round(1)

    assert writer.writes == [Changes({"7": 0}, {"orders": ChannelCounts(1, {"7": 0})})]


def test_the_lease_is_renewed_and_the_dead_are_swept_even_if_nothing_changes(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", NONE)
    presence.do_round(1)
    presence.do_round(1 + RENEW - 0.1)
    assert (len(writer.writes), writer.sweeps) == (1, 1)

    presence.do_round(1 + RENEW)

    assert writer.writes[1:] == [Changes()]
    assert writer.sweeps == 2


def test_a_write_is_bounded(presence: Presence, writer: FakePresenceWriter) -> None:
    for number in range(3 * MOST_CHANGES):
        presence.counts.joined(str(number), ORDERS | {f"c{number}"})
    presence.do_round(1)

    assert max(map(size, writer.writes)) <= MOST_CHANGES + 1
    assert len(writer.users) == len(writer.channels["orders"]) == 3 * MOST_CHANGES


def test_a_channel_that_is_gone_goes_as_a_whole(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    for number in range(3 * MOST_CHANGES):
        presence.counts.joined(str(number), ORDERS)
    presence.do_round(1)
    for number in range(3 * MOST_CHANGES):
        presence.counts.left(str(number), ORDERS)
    writer.writes.clear()
    presence.do_round(1)

    assert (writer.users, writer.channels, writer.totals) == ({}, {}, {})
    assert sum(len(changes.channels) for changes in writer.writes) == 1


def test_what_changes_during_a_write_is_written_after_it(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    writer.during_write = lambda: presence.counts.joined("42", ORDERS)
    presence.counts.joined("42", ORDERS)
    presence.do_round(1)

    assert (writer.users, writer.channels) == ({"42": 2}, {"orders": {"42": 2}})


@pytest.mark.parametrize("is_done", [True, False])
def test_what_redis_did_not_confirm_is_written_by_the_next_round(
    presence: Presence, writer: FakePresenceWriter, is_done: bool
) -> None:
    writer.faults.append(is_done)
    presence.counts.joined("42", ORDERS)
    presence.counts.joined("7", NONE)
    presence.do_round(1)
    presence.counts.left("7", NONE)
    presence.do_round(1)

    assert (writer.users, writer.channels) == ({"42": 1}, {"orders": {"42": 1}})


def test_a_channel_whose_end_was_not_confirmed_is_still_emptied_if_somebody_comes_back(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", ORDERS)
    presence.do_round(1)
    presence.counts.left("42", ORDERS)
    writer.faults.append(False)
    presence.do_round(1)
    presence.counts.joined("7", ORDERS)
    presence.do_round(1)

    assert writer.channels == {"orders": {"7": 1}}


def test_an_outage_is_logged_once_and_so_is_its_end(
    presence: Presence, writer: FakePresenceWriter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    writer.faults.extend([False] * 3)
    presence.counts.joined("42", NONE)
    for _ in range(5):
        presence.do_round(1)

    assert [record.getMessage() for record in caplog.records] == [
        "Presence is not written: refused",
        "Presence is written again",
    ]


def test_a_lost_lease_makes_it_write_everything_anew(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", ORDERS)
    presence.counts.joined(None, NEWS)
    presence.do_round(1)
    writer.expire()

    presence.do_round(1 + RENEW)
    presence.do_round(1 + RENEW)

    assert writer.begun == 1
    assert (writer.users, writer.totals) == ({"42": 1}, {"orders": 1, "news": 1})
    assert writer.channels == {"orders": {"42": 1}, "news": {"": 1}}


def test_a_lost_lease_while_nobody_is_there_makes_it_silent_again(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.joined("42", ORDERS)
    presence.counts.left("42", ORDERS)
    presence.do_round(1)
    writer.expire()
    presence.do_round(1 + RENEW)
    writer.writes.clear()

    presence.do_round(1 + 2 * RENEW)

    assert writer.writes == []


# Running and stopping


def test_it_runs_until_the_stop(
    presence: Presence, writer: FakePresenceWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "ROUND", 0.001)
    written = Event()
    running = gevent.spawn(presence.run)
    writer.during_write = written.set
    presence.counts.joined("42", NONE)
    assert written.wait(60)

    presence.stop(5)
    presence.counts.joined("7", NONE)

    running.join(60)
    assert running.successful()
    assert (writer.has_left, writer.users) == (True, {})


def test_nothing_is_written_after_a_stop(presence: Presence, writer: FakePresenceWriter) -> None:
    presence.counts.joined("42", NONE)
    presence.do_round(1)
    presence.stop(1)
    presence.counts.left("42", NONE)
    writer.writes.clear()

    presence.do_round(1 + RENEW)

    assert (writer.writes, writer.has_left) == ([], True)


def test_a_stop_lets_a_write_end_first(presence: Presence, writer: FakePresenceWriter) -> None:
    go_on = Event()
    writer.during_write = go_on.wait
    presence.counts.joined("42", NONE)
    writing = gevent.spawn(presence.do_round, 1)
    gevent.sleep(0)
    stopping = gevent.spawn(presence.stop, 5)
    gevent.sleep(0)
    assert not writer.has_left

    go_on.set()
    writing.get(timeout=60)
    stopping.get(timeout=60)

    assert (writer.has_left, writer.users) == (True, {})


def test_a_stop_ends_in_time_even_if_redis_does_not_answer(
    presence: Presence, writer: FakePresenceWriter, caplog: pytest.LogCaptureFixture
) -> None:
    never = Event()
    writer.during_write = never.wait
    presence.counts.joined("42", NONE)
    stuck = gevent.spawn(presence.do_round, 1)
    gevent.sleep(0)

    presence.stop(0.01)

    stuck.kill()
    assert not writer.has_left
    assert "present until the lease expires" in caplog.text


def test_a_stop_without_redis_is_logged(
    presence: Presence, writer: FakePresenceWriter, caplog: pytest.LogCaptureFixture
) -> None:
    presence.counts.joined("42", NONE)
    presence.do_round(1)
    writer.faults.append(False)

    presence.stop(1)

    assert "present until the lease expires" in caplog.text


def test_what_comes_and_goes_while_redis_is_away_is_not_kept() -> None:
    writer = FakePresenceWriter()
    presence = Presence(writer)
    presence.counts.joined("42", frozenset(["stays"]))
    presence.do_round(0)
    writer.faults.extend([False] * 1000)
    had = frozenset(["stays"])
    for number in range(100):
        new = frozenset(["stays", *(f"{number}-{each}" for each in range(100))])
        presence.counts.changed("42", had, new)
        presence.do_round(float(number))
        had = new
    writer.faults.clear()
    written = len(writer.writes)

    presence.do_round(200)

    assert set(writer.channels) == had
    assert sum(len(changes.channels) for changes in writer.writes[written:]) <= 2 * len(had)


def test_the_lag_is_the_time_since_redis_had_everything(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.do_round(100)
    presence.counts.joined("42", NONE)
    writer.faults += [False]
    presence.do_round(101)

    assert presence.lag(102.5) == 2.5
    presence.do_round(103)
    assert presence.lag(200) == 0


def test_what_somebody_waits_for_is_written_soon(
    presence: Presence, writer: FakePresenceWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "ROUND", 1000.0)
    running = gevent.spawn(presence.run)
    gevent.sleep(0)
    presence.counts.joined("42", NONE)

    presence.hurry()
    wait_until(lambda: writer.users == {"42": 1}, "it is written")

    running.kill()


def test_at_a_stop_members_have_some_time_to_come_to_another_process(
    presence: Presence, writer: FakePresenceWriter
) -> None:
    presence.counts.member_joined("presence-a", "1", "")
    presence.counts.joined("42", frozenset(["news"]))
    presence.do_round(0)
    presence.counts.left("42", frozenset(["news"]))

    presence.stop(1)

    assert (writer.has_lingered, writer.has_left) == (True, False)
    assert writer.channels == {"presence-a": {"1": 1}}
