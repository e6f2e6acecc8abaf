import os

import pytest

from common.metrics.board import Board
from common.metrics.metrics import Metrics, is_right
from common.metrics.numbers import Numbers

TOKEN = "a-token-of-prometheus"


def counting(settled: int) -> Metrics:
    numbers = Numbers()
    numbers.add("settled_total", lambda: settled)
    return Metrics(numbers)


def test_alone_it_shows_its_own_numbers() -> None:
    assert counting(3).read() == {"settled_total": {"": 3}, "workers": {"": 1}}


def test_with_others_it_shows_those_of_all() -> None:
    board = Board(2)
    board.begin(1)
    pid = os.fork()
    if not pid:
        try:
            counting(3).join(board)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    board.begin(2)
    one = counting(4)
    one.join(board)

    assert one.read() == {"settled_total": {"": 7}, "workers": {"": 2}}


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer   {TOKEN} ", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        (f"Bearer {TOKEN}x", False),
        (f"Bearer {TOKEN[:-1]}", False),
        ("Bearer \ud800", False),
        ("Bearer é", False),
        ("", False),
    ],
)
def test_a_token_is_right_or_wrong(authorization: str, expected: bool) -> None:
    assert is_right(TOKEN, authorization) is expected
