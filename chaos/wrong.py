"""One thing that must not be, and how the time of it is told."""

from dataclasses import dataclass
from time import gmtime, strftime


@dataclass(frozen=True, slots=True)
class Wrong:
    """`what` is wrong with a message, for whom, and where it happened."""

    what: str
    label: str
    who: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.label} ({self.who}) {self.where}".rstrip()


def clock(time: float) -> str:
    """A time of the day (UTC) with its milliseconds, as logs have it."""
    return strftime("%H:%M:%S", gmtime(time)) + f"{time % 1:.3f}"[1:]
