"""Which receipts are for which client; that the numbers are right is in the property tests."""

from collections.abc import Iterator

import pytest

from tests.support.receipts import Hall
from ws_server.receipts.to_some import Receipt, ToSome


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def test_a_receipt_that_comes_by_two_subscriptions_comes_once(hall: Hall) -> None:
    some = ToSome()
    some.open(Receipt(10, ["news.eu"]))
    some.open(Receipt(20, ["a"]))
    client = hall.join(0, frozenset({"news.eu", "news.*"}))

    assert [each.at for each in some.of(client, 0, 30)] == [10]
    assert list(some.of(client, 10, 30)) == []


def test_what_it_listened_to_before_counts_up_to_the_change(hall: Hall) -> None:
    some = ToSome()
    for at, name in enumerate("abab", start=1):
        some.open(Receipt(at, [name]))
    client = hall.join(0, frozenset("a"))
    some.change(client, 2, 4, frozenset("b"))
    client.channels = frozenset("b")

    assert [each.at for each in some.of(client, 0, 9)] == [1, 4]
    some.forget_upto(2)
    assert [each.at for each in some.of(client, 0, 9)] == [4]


def test_who_is_not_among_the_users_counts_for_none_of_them(hall: Hall) -> None:
    receipt = Receipt(10, ["user:1", "orders"])
    receipt.add(0, hall.join(0, frozenset({"orders"}), "2"), 1)
    receipt.add(0, hall.join(0, frozenset({"user:1"}), "1"), 1)

    counted = receipt.take(is_cut=False)
    assert counted is not None
    assert counted.users is not None
    (run,) = counted.runs
    assert (counted.stretch, run.first, run.last, run.numbers.to) == ("0-10", 10, 10, 2)
    assert {user: numbers.to for user, numbers in counted.users.items()} == {"1": 1}
    assert receipt.take(is_cut=False) is None
