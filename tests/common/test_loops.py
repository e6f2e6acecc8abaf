"""A loop goes on whatever its step raises, says so, and pauses."""

import random

import gevent
import pytest

from common import loops
from common.loops import BackOff, repeat


class Unforeseen(Exception):
    """Nobody catches it by its name."""


class NotingBackOff(BackOff):
    """Notes what it is asked for. Unrealistic: it takes no time."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0)
        self.asked: list[str] = []

    def reset(self) -> None:
        self.asked.append("reset")

    def sleep(self) -> None:
        self.asked.append("sleep")


class Steps:
    """A step that fails with each of `failures` in turn, then succeeds until there were `most`."""

    def __init__(self, *failures: BaseException, most: int) -> None:
        self._failures = list(failures)
        self._most = most
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self._failures:
            raise self._failures.pop(0)

    def goes_on(self) -> bool:
        return self.calls < self._most


@pytest.mark.parametrize("failure", [Unforeseen(), gevent.Timeout(1)])
def test_a_failure_is_logged_and_the_loop_goes_on(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    steps = Steps(failure, failure, most=5)

    repeat("counting", steps, steps.goes_on, back_off=NotingBackOff())

    assert steps.calls == 5
    assert [record.getMessage() for record in caplog.records] == [
        "Failed, and goes on: counting"
    ] * 2
    assert all(record.exc_info for record in caplog.records)


def test_each_failure_is_followed_by_a_pause_and_a_success_ends_the_row() -> None:
    steps, back_off = Steps(Unforeseen(), Unforeseen(), most=3), NotingBackOff()

    repeat("counting", steps, steps.goes_on, back_off=back_off)

    assert back_off.asked == ["sleep", "sleep", "reset"]


def test_a_failure_that_is_reported_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    failure, reported = Unforeseen(), list[BaseException]()
    steps = Steps(failure, most=2)

    def report(problem: BaseException) -> bool:
        reported.append(problem)
        return True

    repeat("counting", steps, steps.goes_on, back_off=NotingBackOff(), report=report)

    assert reported == [failure]
    assert caplog.records == []


def test_without_another_word_it_pauses_for_the_usual_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(gevent, "sleep", slept.append)
    steps = Steps(Unforeseen(), Unforeseen(), most=3)

    repeat("counting", steps, steps.goes_on)

    assert len(slept) == 2
    assert all(loops.PAUSE / 2 <= seconds <= loops.PAUSE * 1.5 for seconds in slept)


def test_pauses_grow_up_to_the_longest_and_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(gevent, "sleep", slept.append)
    monkeypatch.setattr(random, "uniform", lambda *_: 1.0)
    back_off = BackOff(0.1, 0.5)

    for _ in range(4):
        back_off.sleep()
    back_off.reset()
    back_off.sleep()

    assert slept == [0.1, 0.2, 0.4, 0.5, 0.1]
