"""Connections by user and by channel, and what of that Redis does not know."""

from common.store.presence import Changes, ChannelCounts
from ws_server.counts import Counts

NONE: frozenset[str] = frozenset()
ORDERS = frozenset(["orders"])


def test_what_was_taken_has_not_changed_any_more() -> None:
    counts = Counts()
    counts.joined("42", ORDERS)

    assert counts.take(100) == Changes({"42": 1}, {"orders": ChannelCounts(1, {"42": 1})})
    assert not counts.have_changed


def test_what_is_put_back_is_taken_again_as_it_is_then() -> None:
    counts = Counts()
    counts.joined("42", ORDERS)
    taken = counts.take(100)
    counts.left("42", ORDERS)

    counts.put_back(taken)

    assert counts.take(100) == Changes({"42": 0}, {"orders": ChannelCounts(0, {"42": 0})})


def test_so_much_is_taken_at_once_and_the_rest_is_not_forgotten() -> None:
    counts = Counts()
    for user in "abcde":
        counts.joined(user, NONE)

    taken = []
    while counts.have_changed:
        taken.append(len(counts.take(2).users))

    assert taken == [2, 2, 1]


def test_when_redis_knows_nothing_everything_that_is_there_has_changed() -> None:
    counts = Counts()
    counts.joined("42", ORDERS)
    counts.joined("7", ORDERS)
    counts.left("7", ORDERS)
    counts.take(100)

    counts.forget_writes()

    assert counts.take(100) == Changes({"42": 1}, {"orders": ChannelCounts(1, {"42": 1})})


def test_the_own_channel_of_a_user_is_not_counted() -> None:
    counts = Counts()
    counts.joined("42", frozenset(["user:42", "user:7"]))

    assert set(counts.take(100).channels) == {"user:7"}


def test_members_are_told_with_what_is_said_of_them_first() -> None:
    counts = Counts()
    counts.member_joined("presence-a", "1", "first")
    counts.member_joined("presence-a", "1", "second")
    counts.member_joined("presence-a", "2", "")

    told = counts.take(100).channels["presence-a"]

    assert told == ChannelCounts(3, {"1": 2, "2": 1}, {"1": "first", "2": ""})


def test_a_channel_whose_last_member_has_left_is_still_told_as_one_with_members() -> None:
    counts = Counts()
    counts.member_joined("presence-a", "1", "")
    counts.member_joined("presence-a", "2", "")
    counts.take(100)

    counts.member_left("presence-a", "1")
    assert counts.take(100).channels["presence-a"] == ChannelCounts(1, {"1": 0}, {})
    counts.member_left("presence-a", "2")
    gone = counts.take(100)
    assert gone.channels["presence-a"] == ChannelCounts(0, {"2": 0}, {})
    counts.put_back(gone)

    assert counts.take(100) == gone


def test_who_comes_back_in_time_has_never_left() -> None:
    counts = Counts()
    counts.member_joined("presence-a", "1", "a")
    counts.take(100)

    counts.member_left("presence-a", "1")
    counts.member_joined("presence-a", "1", "b")

    assert counts.take(100).channels["presence-a"] == ChannelCounts(1, {"1": 1}, {"1": "b"})


def test_a_member_whose_connection_has_ended_has_some_time_to_come_back() -> None:
    counts = Counts()
    counts.member_joined("presence-a", "1", "a")
    counts.member_gone("presence-a", "1", until=13.0)
    counts.take(100)
    counts.let_go(12.9)
    assert not counts.have_changed

    counts.member_joined("presence-a", "1", "b")
    counts.let_go(13.0)

    assert counts.take(100).channels["presence-a"] == ChannelCounts(1, {"1": 1}, {"1": "a"})
    assert counts.has_members
