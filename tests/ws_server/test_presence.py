"""What `Presence` counts, and what it asks of its store and when."""

import gevent
import pytest
from gevent.event import Event

from common.store.presence import Changes, ChannelCounts
from tests.support.presence import FakeEntries
from ws_server import presence as presence_module
from ws_server.presence import MOST_CHANGES, RENEW, Presence

NONE: frozenset[str] = frozenset()
ORDERS = frozenset({"orders"})
NEWS = frozenset({"news"})


@pytest.fixture
def entries() -> FakeEntries:
    return FakeEntries()


@pytest.fixture
def presence(entries: FakeEntries) -> Presence:
    return Presence(entries)


def size(changes: Changes) -> int:
    """How much of Redis a write touches."""
    channels = changes.channels.values()
    written = [len(counts.users) if counts.total else 0 for counts in channels]
    return len(changes.users) + len(written) + sum(written)


# Counting


def test_nobody_with_a_user_or_a_channel_costs_redis_nothing(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined(None, NONE)
    presence.do_round(1)
    presence.left(None, NONE)
    presence.do_round(100)
    presence.stop(1)

    assert (entries.writes, entries.sweeps, entries.has_left) == ([], 0, False)


def test_connections_of_a_user_are_counted(presence: Presence, entries: FakeEntries) -> None:
    presence.joined("42", NONE)
    presence.joined("42", NONE)
    presence.joined("7", NONE)
    presence.left("7", NONE)
    presence.left("42", NONE)
    presence.do_round(1)

    assert (entries.users, entries.channels) == ({"42": 1}, {})


def test_connections_of_a_channel_are_counted_by_user(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", ORDERS | NEWS)
    presence.joined("42", ORDERS)
    presence.joined(None, ORDERS)
    presence.do_round(1)

    assert entries.channels == {"orders": {"42": 2, "": 1}, "news": {"42": 1}}
    assert entries.totals == {"orders": 3, "news": 1}


def test_a_wildcard_is_counted_under_its_own_text(presence: Presence, entries: FakeEntries) -> None:
    presence.joined(None, frozenset({"orders.*"}))
    presence.do_round(1)

    assert entries.channels == {"orders.*": {"": 1}}


def test_the_own_channel_of_a_user_is_no_channel_and_that_of_another_is(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", frozenset({"user:42", "user:7"}))
    presence.do_round(1)
    assert entries.channels == {"user:7": {"42": 1}}

    presence.left("42", frozenset({"user:42", "user:7"}))
    presence.do_round(1)
    assert (entries.users, entries.channels) == ({}, {})


def test_a_connection_that_changes_its_channels_is_still_one(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", ORDERS)
    presence.do_round(1)
    presence.changed("42", ORDERS, NEWS)
    presence.do_round(1)

    assert (entries.users, entries.channels) == ({"42": 1}, {"news": {"42": 1}})
    assert entries.totals == {"news": 1}


# Writing


def test_only_what_has_changed_is_written(presence: Presence, entries: FakeEntries) -> None:
    presence.joined("42", ORDERS)
    presence.joined("7", ORDERS)
    presence.do_round(1)
    entries.writes.clear()

    presence.do_round(1)
    presence.left("7", ORDERS)
    presence.do_round(1)

    assert entries.writes == [Changes({"7": 0}, {"orders": ChannelCounts(1, {"7": 0})})]


def test_the_lease_is_renewed_and_the_dead_are_swept_even_if_nothing_changes(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", NONE)
    presence.do_round(1)
    presence.do_round(1 + RENEW - 0.1)
    assert (len(entries.writes), entries.sweeps) == (1, 1)

    presence.do_round(1 + RENEW)

    assert entries.writes[1:] == [Changes()]
    assert entries.sweeps == 2


def test_a_write_is_bounded(presence: Presence, entries: FakeEntries) -> None:
    for number in range(3 * MOST_CHANGES):
        presence.joined(str(number), ORDERS | {f"c{number}"})
    presence.do_round(1)

    assert max(map(size, entries.writes)) <= MOST_CHANGES + 1
    assert len(entries.users) == len(entries.channels["orders"]) == 3 * MOST_CHANGES


def test_a_channel_that_is_gone_goes_as_a_whole(presence: Presence, entries: FakeEntries) -> None:
    for number in range(3 * MOST_CHANGES):
        presence.joined(str(number), ORDERS)
    presence.do_round(1)
    for number in range(3 * MOST_CHANGES):
        presence.left(str(number), ORDERS)
    entries.writes.clear()
    presence.do_round(1)

    assert (entries.users, entries.channels, entries.totals) == ({}, {}, {})
    assert sum(len(changes.channels) for changes in entries.writes) == 1


def test_what_changes_during_a_write_is_written_after_it(
    presence: Presence, entries: FakeEntries
) -> None:
    entries.during_write = lambda: presence.joined("42", ORDERS)
    presence.joined("42", ORDERS)
    presence.do_round(1)

    assert (entries.users, entries.channels) == ({"42": 2}, {"orders": {"42": 2}})


@pytest.mark.parametrize("is_done", [True, False])
def test_what_redis_did_not_confirm_is_written_by_the_next_round(
    presence: Presence, entries: FakeEntries, is_done: bool
) -> None:
    entries.faults.append(is_done)
    presence.joined("42", ORDERS)
    presence.joined("7", NONE)
    presence.do_round(1)
    presence.left("7", NONE)
    presence.do_round(1)

    assert (entries.users, entries.channels) == ({"42": 1}, {"orders": {"42": 1}})


def test_a_channel_whose_end_was_not_confirmed_is_still_emptied_if_somebody_comes_back(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", ORDERS)
    presence.do_round(1)
    presence.left("42", ORDERS)
    entries.faults.append(False)
    presence.do_round(1)
    presence.joined("7", ORDERS)
    presence.do_round(1)

    assert entries.channels == {"orders": {"7": 1}}


def test_an_outage_is_logged_once_and_so_is_its_end(
    presence: Presence, entries: FakeEntries, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    entries.faults.extend([False] * 3)
    presence.joined("42", NONE)
    for _ in range(5):
        presence.do_round(1)

    assert [record.getMessage() for record in caplog.records] == [
        "Presence is not written: refused",
        "Presence is written again",
    ]


def test_a_lost_lease_makes_it_write_everything_anew(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", ORDERS)
    presence.joined(None, NEWS)
    presence.do_round(1)
    entries.expire()

    presence.do_round(1 + RENEW)
    presence.do_round(1 + RENEW)

    assert entries.begun == 1
    assert (entries.users, entries.totals) == ({"42": 1}, {"orders": 1, "news": 1})
    assert entries.channels == {"orders": {"42": 1}, "news": {"": 1}}


def test_a_lost_lease_while_nobody_is_there_makes_it_silent_again(
    presence: Presence, entries: FakeEntries
) -> None:
    presence.joined("42", ORDERS)
    presence.left("42", ORDERS)
    presence.do_round(1)
    entries.expire()
    presence.do_round(1 + RENEW)
    entries.writes.clear()

    presence.do_round(1 + 2 * RENEW)

    assert entries.writes == []


# Running and stopping


def test_it_runs_until_the_stop(
    presence: Presence, entries: FakeEntries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_module, "ROUND", 0.001)
    written = Event()
    running = gevent.spawn(presence.run)
    entries.during_write = written.set
    presence.joined("42", NONE)
    assert written.wait(5)

    presence.stop(5)
    presence.joined("7", NONE)

    running.join(5)
    assert running.successful()
    assert (entries.has_left, entries.users) == (True, {})


def test_nothing_is_written_after_a_stop(presence: Presence, entries: FakeEntries) -> None:
    presence.joined("42", NONE)
    presence.do_round(1)
    presence.stop(1)
    presence.left("42", NONE)
    entries.writes.clear()

    presence.do_round(1 + RENEW)

    assert (entries.writes, entries.has_left) == ([], True)


def test_a_stop_lets_a_write_end_first(presence: Presence, entries: FakeEntries) -> None:
    go_on = Event()
    entries.during_write = go_on.wait
    presence.joined("42", NONE)
    writing = gevent.spawn(presence.do_round, 1)
    gevent.sleep(0)
    stopping = gevent.spawn(presence.stop, 5)
    gevent.sleep(0)
    assert not entries.has_left

    go_on.set()
    writing.get(timeout=5)
    stopping.get(timeout=5)

    assert (entries.has_left, entries.users) == (True, {})


def test_a_stop_ends_in_time_even_if_redis_does_not_answer(
    presence: Presence, entries: FakeEntries, caplog: pytest.LogCaptureFixture
) -> None:
    never = Event()
    entries.during_write = never.wait
    presence.joined("42", NONE)
    stuck = gevent.spawn(presence.do_round, 1)
    gevent.sleep(0)

    presence.stop(0.01)

    stuck.kill()
    assert not entries.has_left
    assert "present until the lease expires" in caplog.text


def test_a_stop_without_redis_is_logged(
    presence: Presence, entries: FakeEntries, caplog: pytest.LogCaptureFixture
) -> None:
    presence.joined("42", NONE)
    presence.do_round(1)
    entries.faults.append(False)

    presence.stop(1)

    assert "present until the lease expires" in caplog.text


def test_what_comes_and_goes_while_redis_is_away_is_not_kept() -> None:
    entries = FakeEntries()
    presence = Presence(entries)
    presence.joined("42", frozenset(["stays"]))
    presence.do_round(0)
    entries.faults.extend([False] * 1000)
    had = frozenset(["stays"])
    for number in range(100):
        new = frozenset(["stays", *(f"{number}-{each}" for each in range(100))])
        presence.changed("42", had, new)
        presence.do_round(float(number))
        had = new
    entries.faults.clear()
    written = len(entries.writes)

    presence.do_round(200)

    assert set(entries.channels) == had
    assert sum(len(changes.channels) for changes in entries.writes[written:]) <= 2 * len(had)
