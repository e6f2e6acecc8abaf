import re
from itertools import pairwise

import pytest

from common.connection_id import DRAWN, NONE, Numbers, is_id, number_of, text_of


def some(count: int, numbers: Numbers | None = None) -> list[int]:
    """The numbers of the next connections."""
    numbers = Numbers() if numbers is None else numbers
    return [numbers.whole(numbers.next_serial()) for _ in range(count)]


def test_each_connection_of_each_process_has_an_id_as_pusher_wants_it() -> None:
    ids = [text_of(number) for _ in range(100) for number in some(2 * DRAWN)]

    assert len(set(ids)) == 200 * DRAWN
    assert all(re.fullmatch(r"\d+\.\d+", each) for each in ids)
    assert all(is_id(each) and text_of(number_of(each)) == each for each in ids)


def test_the_next_id_cannot_be_guessed_from_one() -> None:
    first, *others = some(100)

    assert len({each - first for each in others} & set(range(-1000, 1000))) == 0
    steps = [after - before for before, after in pairwise([first, *others])]
    assert len(set(steps)) == len(steps)


def test_no_connection_has_the_number_that_stands_for_none() -> None:
    assert NONE not in some(3)


def test_who_comes_later_has_a_larger_number() -> None:
    found = some(2 * DRAWN + 1)

    assert found == sorted(set(found))


def test_a_process_knows_its_own() -> None:
    ours, theirs = Numbers(), Numbers()
    mine, other = some(3, ours), some(3, theirs)

    assert list(ours.serials([*other, NONE, *mine]).values()) == mine
    assert [ours.whole(serial) for serial in ours.serials(mine)] == mine


@pytest.mark.parametrize("text", ["1.2", "0.0", "9" * 20 + ".1", "1." + "9" * 20])
def test_what_another_server_gave_can_be_an_id(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize("text", ["18446744073709551616.1", "1.18446744073709551616", "0.0"])
def test_an_id_that_is_none_of_ours_is_that_of_nobody_here(text: str) -> None:
    assert number_of(text) == NONE


@pytest.mark.parametrize(
    "text",
    ["", ".", "1", "1.", ".1", "1.2.3", "-1.2", " 1.2", "1.2\n", "a.1", "٣.1", "1" * 21 + ".1"],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_id(text)
    assert number_of(text) == NONE
