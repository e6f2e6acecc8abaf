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
