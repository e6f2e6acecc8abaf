"""How long a start waits for what was killed a moment ago."""

from time import monotonic

import pytest

from config import leftovers
from config.leftovers import outlast


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("PATIENCE", 0.3), ("GRACE", 0.05), ("STEP", 0.005)):
        monkeypatch.setattr(leftovers, name, seconds)


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


def test_what_is_alive_and_well_is_not_waited_for() -> None:
    start = monotonic()
    thing = Thing(1_000_000, answers=True)

    assert not outlast("HTTP_PORT", thing.is_free, thing.answers)
    assert monotonic() - start < 0.25


def test_what_neither_goes_nor_answers_is_waited_for_with_a_word_and_not_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    start = monotonic()
    thing = Thing(1_000_000, answers=False)

    assert not outlast("DATA_DIR /data", thing.is_free, thing.answers)
    assert monotonic() - start >= 0.3
    assert [record.getMessage() for record in caplog.records] == [
        "DATA_DIR /data: in use; waiting 0 s for its end"
    ]
