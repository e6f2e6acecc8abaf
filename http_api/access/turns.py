"""Long work in portions: between them others have a turn."""

from collections.abc import Iterable, Iterator
from time import monotonic, sleep
from typing import TypeVar

TURN = 0.02  # Seconds that somebody may take before others have a turn.
PAUSE = 0.0001  # Not 0: gevent would come back before it has looked at sockets.

T = TypeVar("T")


def in_turns(portions: Iterable[T]) -> Iterator[T]:
    """Each portion, as it is made."""
    end = monotonic() + TURN
    for portion in portions:
        yield portion
        if monotonic() > end:
            sleep(PAUSE)
            end = monotonic() + TURN
