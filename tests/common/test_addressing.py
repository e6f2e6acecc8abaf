"""Which messages are for everybody, and which for the subscribers of what."""

import pytest

from common.addressing import Addressing

PAGE = [(), ("orders",), ("orders.eu.1",), ("user:42",), ("orders", "orders.eu"), ("!7",), ()]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], [0, 6]),
        (["news"], [0, 6]),
        (["orders"], [0, 1, 4, 6]),
        (["orders.*"], [0, 2, 4, 6]),
        (["orders.eu.*"], [0, 2, 6]),
        (["orders", "orders.*"], [0, 1, 2, 4, 6]),
        (["user:42"], [0, 3, 6]),
        (["!7"], [0, 6]),
    ],
)
def test_everybody_gets_what_is_for_all_and_what_it_listens_to(
    wanted: list[str], places: list[int]
) -> None:
    assert list(Addressing(PAGE).places(frozenset(wanted))) == places


def test_a_message_that_two_recipients_bring_to_a_wildcard_comes_once() -> None:
    addressing = Addressing([("a.b", "a.c")])

    assert list(addressing.places(frozenset(["a.*"]))) == [0]


def test_a_kick_is_for_nobody_and_names_its_user() -> None:
    addressing = Addressing(PAGE)

    assert addressing.kicked == ["7"]
    assert "!7" not in addressing.by_name
