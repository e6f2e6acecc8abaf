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
