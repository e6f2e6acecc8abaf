"""What is found wrong with what pages have heard."""

import pytest

from chaos.pages.audience import Heard, Removed
from chaos.pages.check import Tally, check, thought_gone

TIME = {"a kill": 5.0}
BLOWS = [(100.0, "a stop"), (200.0, "a kill")]


def told(*numbers: int, at: float = 210.0) -> Tally:
    heard = [Heard(at, "p", "news", number) for number in numbers]
    return check(heard, {"news": [1, 2, 3]}, [("p", "news")], BLOWS, "a kill")


def test_each_message_once_and_in_order_is_right() -> None:
    tally = told(1, 2, 3)

    assert (tally.heard, tally.wrong, dict(tally.doubled)) == (3, [], {})


def test_after_a_kill_some_may_come_again_and_after_nothing_else() -> None:
    heard = [(199.9, 1), (199.95, 2), (210.0, 1), (210.0, 2), (210.0, 3)]
    tally = check(
        [Heard(at, "p", "news", number) for at, number in heard],
        {"news": [1, 2, 3]},
        [("p", "news")],
        BLOWS,
        "a kill",
    )
    assert (tally.wrong, tally.doubled["a kill"]) == ([], 2)
    assert tally.ages == pytest.approx([0.1, 0.05])

    wrong = told(1, 2, 2, 3, at=150.0).wrong

    assert [str(each)[:26] for each in wrong] == ["doubled: 2 (p on news) at "]
    assert "50.00 s after a stop" in wrong[0].where


def test_what_is_missing_swapped_or_made_up_is_wrong() -> None:
    assert [(each.what, each.label) for each in told(1, 3).wrong] == [("missing", "2")]
    assert [(each.what, each.label) for each in told(1, 3, 2).wrong] == [("out of order", "2")]
    assert [(each.what, each.label) for each in told(1, 2, 7, 3).wrong] == [("never pushed", "7")]
    assert [each.what for each in told().wrong] == ["missing"] * 3


def test_who_was_back_or_had_time_has_not_left() -> None:
    def wrong(at: float, entered: float) -> bool:
        return bool(thought_gone([Removed(at, "p", "q", entered)], BLOWS, "visitor", TIME))

    assert wrong(at=201.0, entered=150.0)  # The lease of its worker was not over.
    assert not wrong(at=206.0, entered=150.0)  # It was not back.
    assert wrong(at=206.0, entered=202.0)
    assert wrong(at=190.0, entered=50.0)  # That blow ended no connection.
    assert not thought_gone([Removed(201.0, "p", "visitor", 0.0)], BLOWS, "visitor", TIME)
