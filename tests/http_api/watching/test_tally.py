import logging

import pytest

from common.errors import QueueUnavailable
from common.outage import Outage
from http_api.watching.tally import CountedOutage


def test_what_was_confirmed_is_counted_and_what_failed_is_not() -> None:
    counted = CountedOutage(Outage())

    counted.note("push", None)
    counted.note("push", QueueUnavailable("gone"))
    counted.note("push", None)

    assert counted.pushes == 2


def test_there_is_one_outage_for_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage()
    counted = CountedOutage(outage)

    counted.note("push", QueueUnavailable("gone"))
    outage.note("push", QueueUnavailable("gone"))
    assert counted.is_on

    outage.note("push", None)

    assert not counted.is_on
    assert len(caplog.records) == 2
