import logging

import pytest

from common.errors import QueueUnavailable
from common.outage import Outage, Unwritten

PROBLEM = QueueUnavailable("no answer")
AGAIN = f"{PROBLEM}; trying again"
BACK = "Redis is back"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_every_try_without_redis_is_one_line_together(logged: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    for _ in range(3):
        outage.note("settle", PROBLEM)
    assert outage.is_on
    for _ in range(3):
        outage.note("settle", None)

    assert not outage.is_on
    assert [(each.levelname, each.getMessage()) for each in logged.records] == [
        ("ERROR", AGAIN),
        ("INFO", BACK),
    ]


def test_redis_is_back_when_nobody_is_without_it(logged: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    outage.note("settle", PROBLEM)
    outage.note("read", PROBLEM)
    outage.note("settle", None)
    assert outage.is_on
    outage.note("read", None)

    assert not outage.is_on
    assert logged.messages == [AGAIN, BACK]


def test_while_redis_answers_nothing_is_logged(logged: pytest.LogCaptureFixture) -> None:
    Outage().note("read", None)

    assert logged.messages == []


def test_a_second_outage_is_logged_like_the_first(logged: pytest.LogCaptureFixture) -> None:
    outage = Outage()
    for problem in (PROBLEM, None, PROBLEM, None):
        outage.note("read", problem)

    assert logged.messages == [AGAIN, BACK, AGAIN, BACK]


def test_what_is_not_written_is_one_line_and_one_when_it_is_again(
    logged: pytest.LogCaptureFixture,
) -> None:
    unwritten = Unwritten(logging.getLogger("presence"), "Presence is")
    for problem in (None, PROBLEM, PROBLEM, None, None):
        unwritten.note(problem)

    assert [(each.name, each.levelname, each.getMessage()) for each in logged.records] == [
        ("presence", "WARNING", "Presence is not written: no answer"),
        ("presence", "INFO", "Presence is written again"),
    ]
