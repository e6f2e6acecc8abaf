"""What a limit of open files affords."""

import resource

import pytest

from common.serving.open_files import (
    FEWEST_SLOTS,
    SLOTS,
    affordable_connections,
    affordable_slots,
    open_files,
)


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limit, soft and hard, as the last of what was set; a test begins it."""
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: found[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: found.append(both))
    return found


def test_the_limit_is_raised_as_far_as_is_wanted_and_allowed(
    limits: list[tuple[int, int]],
) -> None:
    limits.append((256, 4096))

    assert open_files(1000) == 1000
    assert open_files(9000) == 4096
    assert limits == [(256, 4096), (1000, 4096), (4096, 4096)]


def test_a_limit_that_is_high_enough_is_left_alone(limits: list[tuple[int, int]]) -> None:
    limits.append((1000, 1000))

    assert open_files(900) == 900
    assert limits == [(1000, 1000)]


def test_where_files_are_plenty_all_is_as_it_was_asked_for(limits: list[tuple[int, int]]) -> None:
    limits.append((1024, resource.RLIM_INFINITY))

    assert affordable_slots() == SLOTS
    assert affordable_connections(10_000) == 10_000


@pytest.mark.parametrize("most", [200, 256, 512, 1024, 2048])
def test_where_files_are_few_places_and_connections_share_them(
    limits: list[tuple[int, int]], most: int
) -> None:
    limits.append((most, most))
    places, connections = affordable_slots(), affordable_connections(10_000)

    assert FEWEST_SLOTS <= places <= connections
    assert places + connections < most


def test_however_few_there_are_somebody_is_let_in(limits: list[tuple[int, int]]) -> None:
    limits.append((64, 64))

    assert (affordable_slots(), affordable_connections(10_000)) == (FEWEST_SLOTS, 1)
