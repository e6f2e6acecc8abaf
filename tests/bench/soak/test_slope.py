"""What grows is told from what only moves up and down."""

from random import Random

import pytest

from bench.soak.slope import Point, trend

HOUR = 3600.0


def series(per_hour: float, spread: float, count: int = 200, minutes: float = 30) -> list[Point]:
    """A level of 50, with noise, and a slope."""
    random = Random(3)
    each = minutes * 60 / count
    return [
        (at * each, 50 + per_hour * at * each / HOUR + random.gauss(0, spread))
        for at in range(count)
    ]


def test_a_leak_is_found_in_noise_that_is_smaller() -> None:
    found = trend(series(10, 0.3), 1)

    assert found is not None
    assert found.grows
    assert found.per_hour == pytest.approx(10, abs=1)
    assert found.rise == pytest.approx(2.5, abs=0.3)
    assert found.noise == pytest.approx(0.3, abs=0.1)


@pytest.mark.parametrize(("per_hour", "spread"), [(0, 0.3), (-10, 0.3), (3, 0.01), (10, 3)])
def test_what_is_within_noise_or_hardly_anything_is_no_growth(
    per_hour: float, spread: float
) -> None:
    found = trend(series(per_hour, spread), 1)

    assert found is not None
    assert not found.grows


def test_what_was_filled_in_the_first_half_is_no_growth() -> None:
    filling = [(at, min(at, 100.0)) for at in range(200)]

    found = trend([(float(at), value) for at, value in filling], 1)

    assert found is not None
    assert (found.grows, found.level) == (False, 100)


def test_a_few_odd_points_change_nothing() -> None:
    points = series(0, 0.1)
    points[120] = (points[120][0], 500.0)
    points[-1] = (points[-1][0], 500.0)

    found = trend(points, 1)

    assert found is not None
    assert not found.grows


def test_a_share_of_the_level_is_no_growth_either() -> None:
    points = series(10, 0.1)

    grows = [found.grows for share in (0.01, 0.1) if (found := trend(points, 1, share))]

    assert grows == [True, False]


def test_of_a_few_points_nothing_is_said() -> None:
    assert trend(series(100, 0, count=10), 1) is None
