"""Messages that waited for a user count for the client that they are sent to first."""

from collections.abc import Iterator

import pytest

from common.page import Page
from common.receipt import Numbers
from tests.support.receipts import Hall

HER = ("user:1",)


@pytest.fixture
def hall() -> Iterator[Hall]:
    """Nobody is here, and four messages have come: all but the third for user 1."""
    hall = Hall()
    hall.publish(1, [HER, HER, ("orders",), HER])
    yield hall
    hall.close()


def numbers(hall: Hall) -> list[Numbers]:
    """Of each of the messages for user 1."""
    hall.tell()
    all_ = hall.told
    told = [all_[number] for number in (1, 2, 4)]
    for each in told:
        assert dict(each.users or {}) == ({"1": each.numbers} if any(each.numbers) else {})
    return [each.numbers for each in told]


def test_they_are_behind_then_written_then_confirmed_by_the_first_pong(hall: Hall) -> None:
    client = hall.join_after([2, 4], "1")
    assert numbers(hall) == [Numbers(0, 0, 0, 0), Numbers(1, 0, 0, 1), Numbers(1, 0, 0, 1)]

    hall.take_outbox(client)
    assert numbers(hall)[1:] == [Numbers(1, 0, 0, 0)] * 2

    hall.confirm(client, 4)
    hall.confirm(client, 4)
    assert numbers(hall)[1:] == [Numbers(1, 0, 1, 0)] * 2


def test_who_leaves_has_missed_what_was_not_written(hall: Hall) -> None:
    hall.leave(hall.join_after([4], "1"))
    client = hall.join_after([4], "1")
    hall.take_outbox(client)
    hall.leave(client)

    assert numbers(hall)[2] == Numbers(2, 1, 0, 0)


def test_what_is_not_counted_any_more_is_forgotten(hall: Hall) -> None:
    client = hall.join_after([1, 2], "1")
    hall.now = 11.0
    hall.tell(10)
    hall.confirm(client, 4)

    assert (list(hall.receipts.waited.unwritten()), hall.tell()) == ([], [])


def test_what_asks_for_no_receipt_is_not_counted(hall: Hall) -> None:
    client = hall.join(4, frozenset(HER), "1")
    for receipts in (None, [b""]):
        hall.receipts.waited.begin(client, Page([b"4-0"], [b"x"], None, receipts))

    assert numbers(hall)[2] == Numbers(0, 0, 0, 0)
