"""How a process is told to end, by a signal to the master, as its application hears of it."""

from collections.abc import Callable
from dataclasses import dataclass


def never() -> bool:
    """Nobody is in a hurry."""
    return False


@dataclass(frozen=True, slots=True)
class Stop:
    """`reload`: new workers have taken its place already. `is_hurried`: told to stop once more."""

    reload: bool = False
    is_hurried: Callable[[], bool] = never
