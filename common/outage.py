"""One log line when Redis goes, and one when it is back: never one for each try."""

import logging

from common.errors import QueueUnavailable

log = logging.getLogger(__name__)


class Outage:
    """Remembers whether Redis is away. It reconnects nothing."""

    def __init__(self) -> None:
        self.is_on = False

    def note(self, problem: QueueUnavailable | None) -> None:
        """Redis has just failed with `problem`, or, with None, has just answered."""
        if problem is not None and not self.is_on:
            log.error("%s; trying again", problem)
        elif problem is None and self.is_on:
            log.info("Redis is back")
        self.is_on = problem is not None
