"""How many pushes were confirmed since the start of the process. A plain number, which only grows.

Whoever pushes says to `Outage` that Redis has answered. So it is counted there.
"""

from common.errors import QueueUnavailable
from common.outage import Outage


class CountedOutage(Outage):
    """For those who push: tells the outage of all, and counts what was confirmed."""

    def __init__(self, outage: Outage) -> None:
        super().__init__()
        self._outage = outage
        self.pushes = 0

    @property
    def is_on(self) -> bool:
        """As `Outage.is_on`."""
        return self._outage.is_on

    def note(self, who: str, problem: QueueUnavailable | None) -> None:
        """As `Outage.note`."""
        if problem is None:
            self.pushes += 1
        self._outage.note(who, problem)
