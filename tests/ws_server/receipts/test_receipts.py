"""When messages are counted, and for how long; for the numbers, see the property tests."""

from collections.abc import Iterator

import pytest

from common.page import Page
from common.receipt import Numbers
from tests.support.receipts import Hall, at_of
from ws_server.receipts import receipts as module
from ws_server.receipts import to_some
from ws_server.receipts.receipts import ASKED_FOR


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def test_clients_are_asked_for_some_seconds_after_such_a_message(hall: Hall) -> None:
    hall.now = 100.0
    hall.publish(1, [()])

    assert hall.asked.until == 100.0 + ASKED_FOR


def test_a_message_is_not_counted_twice(hall: Hall) -> None:
    page = Page([b"1-0"], [b"x"], None, [b"0"])
    hall.join(0)
    for _ in range(2):
        hall.receipts.open(page)

    assert len(hall.receipts) == 1


def test_a_client_ahead_of_this_process_is_not_among_those_it_is_for(hall: Hall) -> None:
    """Another process has been faster, and it was there before."""
    hall.join(2)
    hall.join(0)
    hall.publish(1, [(), (), ()])
    hall.tell()

    assert [each.numbers.to for each in hall.told.values()] == [1, 1, 2]


def test_what_is_too_old_is_told_once_more_and_not_counted_then(hall: Hall) -> None:
    client = hall.join(0)
    hall.publish(1, [()])
    hall.now = 11.0
    hall.confirm(client, 1)

    assert [each.numbers.confirmed for each in hall.tell(10)] == [1]
    assert (len(hall.receipts), hall.tell(10)) == (0, [])


def test_a_bounded_number_is_counted(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    for number in (1, 2, 3):
        hall.publish(number, [()])

    assert [each.number for each in hall.tell()] == [2, 3]


def test_a_bounded_number_of_recipients_is_counted(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_some, "MOST_NAMES", 5)
    for number in (1, 2, 3, 4):
        hall.publish(number, [("user:1", "user:2")])
    hall.publish(5, [tuple(f"user:{each}" for each in range(9))])  # One is counted in any case.

    assert [each.number for each in hall.tell()] == [5]
    hall.publish(6, [("user:1",)])
    hall.publish(7, [("user:2",)])
    assert [each.number for each in hall.tell()] == [6, 7]


def test_nothing_is_told_before_it_was_offered_to_everybody(hall: Hall) -> None:
    hall.receipts.open(Page([b"1-0"], [b"x"], None, [b"0"]))
    assert hall.receipts.take(10) == []

    hall.receipts.close()
    assert [each.stretch for each in hall.receipts.take(10)] == ["1+"]


def test_a_loss_of_the_log_ends_the_counting_and_says_so(hall: Hall) -> None:
    client = hall.join(0)
    hall.publish(1, [(), ("a",)])
    hall.tell()
    hall.receipts.rewind()
    hall.receipts.confirmed(client, 0, at_of(2))

    assert hall.receipts.has_cut
    cut = hall.tell(fails=True)
    assert hall.tell() == cut
    assert [(each.numbers, each.is_cut) for each in cut] == [
        (Numbers(1, 0, 0, 0), True),
        (Numbers(0, 0, 0, 0), True),
    ]
    hall.publish(1, [()])
    assert [each.number for each in hall.tell()] == [1]


def test_the_time_since_a_push_is_noted_for_who_reads_the_metrics(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "time", lambda: 3.0)
    hall.publish(1, [(), ()])

    written = hall.receipts.to_written
    assert (sum(written.counts), written.total) == (2, 6.0)


def test_a_client_that_leaves_when_nothing_is_counted_any_more_is_forgotten(hall: Hall) -> None:
    client = hall.join(0, frozenset({"a"}))
    hall.publish(1, [(), ("a",)])
    hall.subscribe(client, frozenset({"b"}))
    hall.place(client, 1)
    hall.skip(client, 2)
    hall.now = 11.0
    hall.tell(10)
    assert len(hall.receipts) == 0

    hall.leave(client)

    assert (hall.receipts._skipped, hall.receipts._to_some._former) == ({}, {})


def test_what_is_for_everybody_is_not_for_clients_that_are_on_channels_alone(hall: Hall) -> None:
    hall.join(0)
    client, leaving = (hall.join(0, frozenset("a"), form="pusher") for _ in range(2))
    hall.clients.begin_closing(leaving, 1.0)
    hall.publish(1, [(), ("a",)])
    hall.confirm(client, 2)
    behind = hall.join(1, frozenset("a"), form="pusher")
    hall.tell()

    assert [each.numbers for each in hall.told.values()] == [
        Numbers(1, 0, 0, 0),
        Numbers(2, 0, 1, 1),
    ]
    assert hall.receipts.unconfirmed(behind, at_of(1))[0] is None
