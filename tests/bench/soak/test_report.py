"""The table of slopes, the sentences about what grows, and the plot."""

from pathlib import Path

import pytest

from bench import plot
from bench.soak.report import draw, growing, rows, shown, table
from bench.soak.samples import Key
from bench.soak.slope import Point

FLAT: list[Point] = [(at * 5.0, 50.0 + at % 2) for at in range(100)]
RISING: list[Point] = [(at * 5.0, 50.0 + at / 10) for at in range(100)]
SERIES: dict[Key, list[Point]] = {
    ("PSS", "ws 1"): FLAT,
    ("PSS", "ws 2"): RISING,
    ("keys", "log"): RISING,
    ("keys", "new"): FLAT[:4],
}


def test_what_grows_is_named_with_its_slope() -> None:
    (sentence,) = growing(rows(SERIES))

    assert sentence == (
        "PSS of ws 2 grows by 72 MiB an hour: by 4.9 in the second half, where noise is 0"
    )


@pytest.mark.parametrize(("factor", "grows"), [(1, 0), (1000, 0), (9000, 1)])
def test_what_is_filled_up_to_a_number_may_grow_so_far(factor: float, grows: int) -> None:
    points = [(at, value * factor) for at, value in RISING]

    assert len(growing(rows({("keys", "receipts"): points}))) == grows


def test_each_figure_has_a_line_and_the_kinds_tolerate_different_things() -> None:
    head, *lines = table(rows(SERIES)).splitlines()

    assert head.split() == ["what", "of", "level", "an", "hour", "in", "this", "half", "noise"]
    assert [line.split()[0] for line in lines] == ["PSS", "PSS", "keys"]
    assert [line.split()[-1] for line in lines] == ["flat", "GROWS", "flat"]


def test_figures_are_short() -> None:
    assert [shown(value) for value in (0, 0.123456, 56.78, 1234567.8)] == [
        "0",
        "0.123",
        "56.8",
        "1,234,568",
    ]


def test_the_plot_is_drawn_where_there_is_matplotlib(tmp_path: Path) -> None:
    if plot.is_available():
        draw(SERIES, tmp_path / "soak.png")
        assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
