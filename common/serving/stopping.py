"""How a process is told to end, as its application hears of it."""

from collections.abc import Callable
from dataclasses import dataclass


def never() -> bool:
    """Nobody is in a hurry."""
    return False


def always() -> bool:
    """There is nothing to wait for."""
    return True


@dataclass(frozen=True, slots=True)
class Stop:
    """`reload`: new workers have taken its place already. `is_hurried`: told to stop once more."""

    reload: bool = False
    is_hurried: Callable[[], bool] = never
