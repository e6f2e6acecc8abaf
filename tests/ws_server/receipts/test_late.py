"""Who is named."""

from collections.abc import Iterator

import pytest

from tests.support.receipts import Hall, at_of
from ws_server.clients.connection import Connection
from ws_server.receipts import late as module
from ws_server.receipts.late import bounded, rows_of

UPTO = at_of(3)


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def named(hall: Hall) -> list[str | None]:
    rows = rows_of(hall.receipts, hall.clients.all, UPTO, hall.asked.want_once)
    return [row["user"] for row in rows]


def test_a_client_is_named_that_has_not_confirmed_something_for_it(hall: Hall) -> None:
    """With it come its place, and the receipts that are not for everybody."""
    slow = hall.join(0, frozenset({"a"}), "slow")
    quick = hall.join(0, frozenset(), "quick")
    hall.publish(1, [("b",), ("a",), ()])
    hall.confirm(quick, 3)
    hall.place(slow, 2)

    (row,) = rows_of(hall.receipts, hall.clients.all, UPTO, hall.asked.want_once)
    assert row == {
        "user": "slow",
        "address": "",
        "since": 0,
        "after": "0-0",
        "upto": "0-1000",
        "ids": ["0-1000"],
    }
    assert hall.asked.some == [slow]


def test_nobody_is_named_for_what_was_for_others_or_was_skipped(hall: Hall) -> None:
    hall.join(0, frozenset({"a"}), "other")
    skipping = hall.join(0, frozenset({"b"}), "skipping")
    hall.publish(1, [("b",), ("b",), ("b",)])
    hall.place(skipping, 0)
    hall.skip(skipping, 3)

    assert named(hall) == []


def test_a_stream_of_events_is_late_only_if_it_is_behind(hall: Hall) -> None:
    streams: list[Connection] = [hall.join(0, user=user, form="text-events") for user in "12"]
    hall.publish(1, [(), (), ()])
    hall.place(streams[1], 1)

    assert named(hall) == ["2"]


def test_few_are_named(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NAMED", 2)
    for user in "123":
        hall.join(0, user=user)
    hall.publish(1, [(), (), ()])

    assert len(named(hall)) == 2


def test_few_messages_are_named_of_each_and_of_all(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_IDS", 2)
    monkeypatch.setattr(module, "MOST_IDS_OF_ALL", 3)
    for user in "123":
        hall.join(0, frozenset({"a"}), user)
    hall.publish(1, [("a",), ("a",), ("a",)])
    rows = rows_of(hall.receipts, hall.clients.all, UPTO, hall.asked.want_once)

    assert [row["ids"] for row in rows] == [["0-500", "0-1000"]] * 3
    assert [row["ids"] for row in bounded(rows)] == [["0-500", "0-1000"], ["0-500"], []]
    monkeypatch.setattr(module, "MOST_NAMED", 2)
    assert [row["user"] for row in bounded(rows)] == ["1", "2"]
