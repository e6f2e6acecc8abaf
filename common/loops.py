"""Loops that run as long as the process: nothing that they raise ends them."""

import logging
import random
from collections.abc import Callable

import gevent

log = logging.getLogger(__name__)

PAUSE = 1.0  # Seconds after a failure: one that lasts must not fill the log, or take the processor.

# Told of a failure; True: it is reported already.
Report = Callable[[BaseException], bool]


def for_ever() -> bool:
    """The process ends, and the loop with it."""
    return True


def log_it(_problem: BaseException) -> bool:
    """Nobody expects a failure: the loop logs it."""
    return False


class BackOff:
    """Pauses after failures, each twice as long as the one before, up to `longest` seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def reset(self) -> None:
        """There was no failure: the next pause is the first one again."""
        self._next = self._first

    def sleep(self) -> None:
        """Sleep for the next pause, more or less: so that processes do not all try at once."""
        seconds, self._next = self._next, min(self._next * 2, self._longest)
        gevent.sleep(seconds * random.uniform(0.5, 1.5))


def repeat(
    what: str,
    step: Callable[[], object],
    goes_on: Callable[[], bool] = for_ever,
    *,
    back_off: BackOff | None = None,
    report: Report = log_it,
) -> None:
    """Call `step`, which waits by itself, again and again.

    A failure is logged with `what`, unless `report` has done it; then follows a pause.
    """
    back_off = back_off or BackOff(PAUSE, PAUSE)
    while goes_on():
        try:
            step()
        except (Exception, gevent.Timeout) as problem:  # A Timeout is no Exception.
            if not report(problem):
                log.exception("Failed, and goes on: %s", what)
            back_off.sleep()
        else:
            back_off.reset()
