"""Who comes back for whom: never for more than left."""

from collections.abc import Iterator

import pytest

import ws_server.receipts.departed as module
from tests.support.receipts import Hall


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.close()


def confirmed(hall: Hall) -> list[int]:
    """Of each message, how many have confirmed it."""
    hall.tell()
    return [each.numbers.confirmed for each in hall.told.values()]


def test_a_stream_that_comes_back_confirms_what_it_has(hall: Hall) -> None:
    stream = hall.join(0, form="json-events")
    hall.publish(1, [(), (), ()])
    hall.leave(stream)
    hall.join(2, form="json-events", asked=True)

    assert confirmed(hall) == [1, 1, 0]


def test_one_that_comes_back_twice_counts_once(hall: Hall) -> None:
    """The other never comes back, and nobody can tell them apart."""
    streams = [hall.join(0, form="json-events") for _ in range(2)]
    hall.publish(1, [()])
    for stream in streams:
        hall.leave(stream)
    for _ in range(3):
        hall.leave(hall.join(1, form="json-events", asked=True))

    assert confirmed(hall) == [1]


def test_what_is_confirmed_after_a_close_is_not_confirmed_again_by_coming_back(hall: Hall) -> None:
    client = hall.join(0, form="json")
    hall.publish(1, [(), (), ()])
    hall.begin_closing(client)
    hall.confirm(client, 2)
    hall.join(3, form="json", asked=True)

    assert confirmed(hall) == [1, 1, 1]


def test_nor_is_what_was_confirmed_by_coming_back_confirmed_by_a_late_pong(hall: Hall) -> None:
    client = hall.join(0, form="json")
    hall.publish(1, [(), (), ()])
    hall.begin_closing(client)
    hall.join(2, form="json", asked=True)
    hall.confirm(client, 3)

    assert confirmed(hall) == [1, 1, 0]


def test_a_text_client_that_confirms_after_a_close_counts(hall: Hall) -> None:
    client = hall.join(0)
    hall.publish(1, [(), ()])
    hall.begin_closing(client)
    hall.confirm(client, 1)

    assert confirmed(hall) == [1, 0]


@pytest.mark.parametrize(
    ("user", "form", "asked"),
    [("2", "json-events", True), (None, "json", True), (None, "json-events", False)],
)
def test_somebody_else_confirms_nothing(
    hall: Hall,
    user: str | None,
    form: str,
    asked: bool,
) -> None:
    stream = hall.join(0, form="json-events")
    hall.publish(1, [()])
    hall.leave(stream)
    hall.join(1, user=user, form=form, asked=asked)

    assert confirmed(hall) == [0]


def test_what_was_skipped_is_not_confirmed(hall: Hall) -> None:
    stream = hall.join(0, form="json-events")
    hall.publish(1, [(), (), ()])
    hall.place(stream, 1)
    hall.skip(stream, 2)
    hall.place(stream, 3)
    hall.leave(stream)
    hall.join(3, form="json-events", asked=True)

    assert confirmed(hall) == [1, 0, 1]


def test_one_that_has_come_back_leaves_nothing_behind(hall: Hall) -> None:
    hall.publish(1, [()])
    for number in range(3):
        user = f"only once {number}"
        hall.leave(hall.join(1, user=user, form="json"))
        hall.join(1, user=user, form="json", asked=True)

    departed = hall.receipts._departed
    assert (len(departed), departed._left) == (0, {})


def test_what_is_not_counted_any_more_is_forgotten(hall: Hall) -> None:
    for number in (1, 2):
        hall.publish(number, [()])
        hall.now += 20.0
        for _ in range(3):
            hall.leave(hall.join(number, form="json"))

    assert len(hall.receipts._departed) == 6
    hall.tell(30)
    assert (len(hall.receipts), len(hall.receipts._departed)) == (1, 3)
    hall.tell(10)
    assert (len(hall.receipts), len(hall.receipts._departed)) == (0, 0)


def test_of_all_who_left_a_bounded_number_is_known(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    hall.publish(1, [()])
    for number in range(5):
        hall.leave(hall.join(1, user=str(number), form="json"))

    assert (len(hall.receipts._departed), len(hall.receipts._departed._left)) == (3, 3)
