"""That what gevent would print is logged."""

import gevent
import pytest

from common.libraries.gevent_failures import log_failures


def test_a_greenlet_that_fails_is_logged_and_nothing_is_printed(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    hub = gevent.get_hub()
    before = hub.__dict__.get("print_exception")
    log_failures()
    try:
        gevent.spawn(lambda: int("x")).join()
    finally:
        del hub.__dict__["print_exception"]
        if before is not None:
            hub.__dict__["print_exception"] = before

    (record,) = caplog.records
    assert record.getMessage() == "A greenlet failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError
    assert capfd.readouterr().err == ""
