"""What grows is told from what only moves up and down, or goes up once."""

from math import exp, sqrt
from random import Random

import pytest

from bench.soak.slope import HOUR, Point, trend

TRIFLE = 1.25
EACH = 5.0  # Seconds between two looks.
ALIKE = 20.0  # So far apart, figures of a real run are hardly alike any more,
SPREAD = 0.25  # and by so many MiB they move up and down.
RUNS = range(40)


def series(
    per_hour: float, seed: int = 1, *, step: float = 0, spread: float = SPREAD, minutes: float = 25
) -> list[Point]:
    """A level of 50, with noise, a slope, and a step at some time."""
    random, points, off = Random(seed), list[Point](), 0.0
    at_step, stays = random.uniform(0, minutes * 60), exp(-EACH / ALIKE)
    for number in range(int(minutes * 60 / EACH)):
        at = number * EACH
        off = stays * off + random.gauss(0, spread * sqrt(1 - stays**2))
        points.append((at, 50 + off + per_hour * at / HOUR + step * (at >= at_step)))
    return points


def growing(per_hour: float, **more: float) -> int:
    """In how many runs something is said to grow."""
    found = [trend(series(per_hour, seed, **more), TRIFLE) for seed in RUNS]
    return sum(each is not None and each.grows for each in found)


def test_a_leak_of_a_few_mib_an_hour_is_found() -> None:
    assert growing(4) >= 0.75 * len(RUNS)
    assert growing(6) == len(RUNS)


@pytest.mark.parametrize("step", [0, 0.5, 1.3, 3, -3])
def test_one_step_is_no_growth_and_neither_is_noise(step: float) -> None:
    assert growing(0, step=step) <= 2


@pytest.mark.parametrize("step", [1.3, -3])
def test_a_leak_is_found_beside_a_step(step: float) -> None:
    assert growing(8, step=step) >= len(RUNS) - 3


def test_slope_noise_and_step_are_those_of_the_series() -> None:
    found = trend(series(8, step=2, spread=0.1), TRIFLE)

    assert found is not None
    assert found.grows
    assert found.per_hour == pytest.approx(8, abs=1)
    assert found.rise == pytest.approx(8 * 25 / 60, abs=0.4)
    assert found.minutes == pytest.approx(25, abs=0.1)
    assert found.step == pytest.approx(2, abs=0.2)
    assert 0.01 < found.noise < 0.5


@pytest.mark.parametrize(("per_hour", "spread"), [(-10, 0.3), (1, 0.001), (10, 10)])
def test_less_than_noise_hides_or_hardly_anything_is_no_growth(
    per_hour: float, spread: float
) -> None:
    assert growing(per_hour, spread=spread) <= 1


def test_a_few_odd_points_change_nothing() -> None:
    points = series(0)
    for place in (120, -1):
        points[place] = (points[place][0], 500.0)

    found = trend(points, TRIFLE)

    assert found is not None
    assert not found.grows
    assert found.level == pytest.approx(50, abs=0.2)


def test_a_share_of_the_level_is_a_trifle_too() -> None:
    points = series(10, spread=0.01)

    grows = [found.grows for share in (0.01, 0.1) if (found := trend(points, 1, share))]

    assert grows == [True, False]


def test_a_figure_that_never_moves_is_flat() -> None:
    found = trend([(at * EACH, 7.0) for at in range(100)], 0)

    assert found is not None
    assert (found.level, found.per_hour, found.noise, found.step, found.grows) == (
        7,
        0,
        0,
        0,
        False,
    )


def test_of_a_few_points_nothing_is_said() -> None:
    assert trend(series(100)[:5], 1) is None
