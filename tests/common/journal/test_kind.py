"""Ten lines a second of a kind, and how many more there were."""

import logging
from collections.abc import Callable

import pytest

from common.journal.kind import LINES, SECOND, Kind

log = logging.getLogger("kinds")


class Clock:
    """A clock, and who calls back. Unrealistic: nothing is called unless told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.calls: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self.calls.append((seconds, call))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kind(clock: Clock, caplog: pytest.LogCaptureFixture) -> Kind:
    caplog.set_level(logging.INFO, "kinds")
    return Kind(log, "push", later=clock.later, clock=clock)


def tell(kind: Kind, times: int) -> None:
    """As on a way that must be short."""
    for _ in range(times):
        if kind.is_open:
            kind.tell("push to %s", "everybody", bytes=5, by=None)
        else:
            kind.missed += 1


def test_a_line_has_the_name_of_its_kind_and_the_fields_that_are_known(
    kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    tell(kind, 1)

    (record,) = caplog.records
    assert record.getMessage() == "push to everybody"
    assert record.__dict__["event"] == "push"
    assert record.__dict__["told"] == {"bytes": 5}


def test_what_is_above_the_rate_is_counted_and_told_when_the_second_is_over(
    kind: Kind, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now += 0.25
    tell(kind, LINES + 480)
    assert len(caplog.records) == LINES
    ((seconds, open_again),) = clock.calls
    assert seconds == SECOND - 0.25

    clock.now += seconds
    open_again()

    assert caplog.messages[LINES:] == ["… and 480 more lines of this kind: push"]
    tell(kind, 1)
    assert caplog.messages[-1] == "push to everybody"


def test_few_lines_are_all_told_however_long_it_goes_on(
    kind: Kind, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5 * LINES):
        clock.now += SECOND / (LINES - 1)
        tell(kind, 1)

    assert len(caplog.records) == 5 * LINES
    assert clock.calls == []


def test_where_nobody_calls_back_the_next_line_after_the_second_begins_anew(
    kind: Kind, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(LINES + 2):
        kind.tell("a")
    clock.now += SECOND

    kind.tell("b")

    assert caplog.messages[LINES:] == ["… and 2 more lines of this kind: push", "b"]
    clock.calls[0][1]()  # Too late: nothing begins twice.
    assert len(caplog.records) == LINES + 2


def test_nothing_is_told_below_the_level_that_is_logged(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "kinds")
    kind = Kind(log, "push", later=clock.later, clock=clock)
    for _ in range(3):
        kind.tell("a")
        clock.now += SECOND

    assert not kind.is_open
    assert caplog.records == []
