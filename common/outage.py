"""One log line when Redis goes, and one when it is back: never one for each try."""

import logging

from common.errors import QueueUnavailable

log = logging.getLogger(__name__)


class Outage:
    """Remembers who is without Redis: it can refuse to settle, say, and still be read."""

    def __init__(self) -> None:
        self.without: set[str] = set()  # Looked at for each push: a call would cost more.

    @property
    def is_on(self) -> bool:
        """Whether anybody is without Redis."""
        return bool(self.without)

    def note(self, who: str, problem: QueueUnavailable | None) -> None:
        """For `who`, Redis has just failed with `problem` or, with None, has just answered."""
        if problem is None and not self.without:  # As nearly always.
            return
        was_on = self.is_on
        if problem is None:
            self.without.discard(who)
        else:
            self.without.add(who)
        if self.is_on and not was_on:
            log.error("%s; trying again", problem)
        elif was_on and not self.is_on:
            log.info("Redis is back")


class Unwritten:
    """The same of one thing that a process writes again and again, as presence."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """`what` with its verb, as in `Presence is`."""
        self._log = log
        self._what = what
        self._is_on = False

    def note(self, problem: QueueUnavailable | None) -> None:
        """It could not be written or, with None, it was."""
        was_on, self._is_on = self._is_on, problem is not None
        if problem is not None and not was_on:
            self._log.warning("%s not written: %s", self._what, problem.reason)
        elif was_on and problem is None:
            self._log.info("%s written again", self._what)
