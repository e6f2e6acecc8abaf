import pytest

from common.message import parse_id
from common.receipt import Counted, Numbers, Run, end_of_stretch, stretch_of


def test_what_is_counted_can_be_compared_with_what_was_told() -> None:
    numbers = Numbers(to=3, missed=1, confirmed=1, behind=0)
    runs = [Run(1, 2, numbers)]

    assert Counted("0+", runs) == Counted("0+", [Run(1, 2, Numbers(3, 1, 1, 0))])
    assert Counted("0+", runs) != Counted("0+", runs, {"42": numbers})


@pytest.mark.parametrize(
    ("at", "stretch", "end"),
    [
        (b"5-0", "5+", b"5-1000"),
        (b"5-999", "5+", b"5-1000"),
        (b"5-1000", "5+1", b"5-2000"),
        (b"5-12345", "5+12", b"5-13000"),
        (b"0-0", "0+", b"0-1000"),
    ],
)
def test_a_stretch_has_a_name_and_an_end(at: bytes, stretch: str, end: bytes) -> None:
    assert stretch_of(parse_id(at)) == stretch
    assert end_of_stretch(parse_id(at)) == parse_id(end)
