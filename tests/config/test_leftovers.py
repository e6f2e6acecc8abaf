"""How long a start waits for what was killed a moment ago."""

import pytest

from config import leftovers
from config.leftovers import GRACE, PATIENCE, STEP, outlast
from tests.support.fakes import FakeClock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Nobody sleeps: the time is moved."""
    clock = FakeClock()

    def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(leftovers, "sleep", sleep)
    monkeypatch.setattr(leftovers, "monotonic", clock)
    return clock


class Thing:
    """Free from some look on; its holder is well or it is not."""

    def __init__(self, free_at: int, *, answers: bool) -> None:
        self.looks = 0
        self.free_at = free_at
        self.is_well = answers

    def is_free(self) -> bool:
        self.looks += 1
        return self.looks >= self.free_at

    def answers(self) -> bool:
        return self.is_well


def test_what_is_free_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    thing = Thing(1, answers=False)

    assert outlast("HTTP_PORT", thing.is_free, thing.answers)
    assert thing.looks == 1
    assert caplog.records == []


@pytest.mark.parametrize("answers", [True, False])
def test_what_is_let_go_soon_is_had_whether_or_not_it_answered_last(answers: bool) -> None:
    thing = Thing(3, answers=answers)

    assert outlast("HTTP_PORT", thing.is_free, thing.answers)


def test_what_is_alive_and_well_is_not_waited_for(clock: FakeClock) -> None:
    start = clock.now
    thing = Thing(1_000_000, answers=True)

    assert not outlast("HTTP_PORT", thing.is_free, thing.answers)
    assert clock.now - start <= GRACE + 2 * STEP


def test_what_neither_goes_nor_answers_is_waited_for_with_a_word_and_not_for_ever(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    start = clock.now
    thing = Thing(1_000_000, answers=False)

    assert not outlast("DATA_DIR /data", thing.is_free, thing.answers)
    assert PATIENCE <= clock.now - start <= PATIENCE + 2 * STEP
    assert [record.getMessage() for record in caplog.records] == [
        "DATA_DIR /data: in use; waiting 5 s for its end"
    ]
