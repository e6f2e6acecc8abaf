"""The table of slopes, the sentences about what grows, and the plot."""

from pathlib import Path

import pytest

from bench import plot
from bench.soak.report import draw, growing, rows, shown, table, warm_up
from bench.soak.samples import Key
from bench.soak.slope import Point

FLAT: list[Point] = [(at * 5.0, 50.0 + at % 2) for at in range(100)]
RISING: list[Point] = [(at * 5.0, 50.0 + at / 10) for at in range(100)]
SERIES: dict[Key, list[Point]] = {
    ("in use", "ws 1"): FLAT,
    ("in use", "ws 2"): RISING,
    ("keys", "log"): RISING,
    ("keys", "new"): FLAT[:4],
}


def test_what_grows_is_named_with_its_slope() -> None:
    (sentence,) = growing(rows(SERIES))

    assert sentence == (
        "in use of ws 2 grows by 72 MiB an hour: by 9.9 in 8.25 minutes, of which 0 may be noise"
    )


@pytest.mark.parametrize(("factor", "grows"), [(1, 0), (1000, 0), (9000, 1)])
def test_what_is_filled_up_to_a_number_may_grow_so_far(factor: float, grows: int) -> None:
    points = [(at, value * factor) for at, value in RISING]

    assert len(growing(rows({("keys", "receipts"): points}))) == grows


def test_each_figure_has_a_line_and_the_kinds_tolerate_different_things() -> None:
    head, *lines = table(rows(SERIES)).splitlines()

    assert head.split() == ["what", "of", "level", "an", "hour", "in", "all", "noise", "step"]
    assert [line.split()[0] for line in lines] == ["in", "in", "keys"]
    assert [line.split()[-1] for line in lines] == ["flat", "GROWS", "flat"]


@pytest.mark.parametrize(
    ("known", "kind", "grows"),
    [(True, "anonymous", 0), (False, "anonymous", 1), (True, "free", 0), (True, "in use", 1)],
)
def test_memory_that_is_free_is_no_leak_where_one_knows_what_is_in_use(
    known: bool, kind: str, grows: int
) -> None:
    points = [(at, 50 + (value - 50) * 0.4) for at, value in RISING]  # By 4.
    in_use: dict[Key, list[Point]] = {("in use", "ws 1"): FLAT} if known else {}

    assert len(growing(rows({**in_use, (kind, "ws 1"): points}))) == grows


@pytest.mark.parametrize(
    ("life", "full_at", "seconds", "begin"),
    [(60, 100, 1800, 300), (60, 400, 1800, 400), (60, 100, 480, 240), (1, 2, 480, 5)],
)
def test_the_warm_up_ends_when_all_that_has_a_bound_is_full(
    life: float, full_at: float, seconds: float, begin: float
) -> None:
    log = [(float(at), min(5000.0, 5000 * at / full_at)) for at in range(0, int(seconds), 5)]

    found = warm_up({("keys", "log"): log}, life, seconds)

    assert begin - 0.05 * full_at - 1 <= found <= begin
    assert warm_up({}, life, seconds) == min(5 * life, seconds / 2)


def test_what_came_in_the_warm_up_is_not_looked_at() -> None:
    filled = [(at, min(value, 55)) for at, value in RISING]

    assert len(growing(rows({("in use", "ws 1"): filled}))) == 1
    assert growing(rows({("in use", "ws 1"): filled}, begin=250)) == []


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
