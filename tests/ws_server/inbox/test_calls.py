"""A hook that fails harms nobody, whatever it raises."""

import gevent
import pytest

from ws_server.inbox.calls import call_hook


def test_a_hook_that_succeeds_is_not_reported() -> None:
    calls: list[str] = []
    problems: list[Exception] = []

    call_hook(lambda: calls.append("called"), problems.append)

    assert (calls, problems) == (["called"], [])


@pytest.mark.parametrize("problem", [RuntimeError("the hook's own"), gevent.Timeout(1)])
def test_a_hook_that_fails_is_reported(problem: BaseException) -> None:
    problems: list[BaseException] = []

    def fail() -> None:
        raise problem

    call_hook(fail, problems.append)

    assert len(problems) == 1


def test_a_report_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("twice")

    call_hook(fail, fail)

    assert "twice" in caplog.text
