"""Loops that run as long as the process: nothing that they raise ends them."""

import logging
from collections.abc import Callable

import gevent

log = logging.getLogger(__name__)

PAUSE = 1.0  # Seconds after a failure: one that lasts must not fill the log, or take the processor.


def for_ever() -> bool:
    """The process ends, and the loop with it."""
    return True


def repeat(what: str, step: Callable[[], object], goes_on: Callable[[], bool] = for_ever) -> None:
    """Call `step`, which waits by itself, again and again; a failure is logged with `what`."""
    while goes_on():
        try:
            step()
        except (Exception, gevent.Timeout):  # That one is no Exception.
            log.exception("Failed, and goes on: %s", what)
            gevent.sleep(PAUSE)
