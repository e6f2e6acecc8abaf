"""Requests that wait for Redis: how many at a time, and how long others wait behind them.

Each holds a slot of the web server. While Redis stands still they would hold all of them,
for REDIS_TIMEOUT, and not even /healthz would be answered. It knows no route.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

from common.store.commits import too_many_wait
from common.store.pending import PATIENCE

Turn = Callable[[], AbstractContextManager[None]]  # For one question to Redis.
Admit = Callable[[int], AbstractContextManager[None]]  # For a push of so many messages.


class Waiting:
    """At most `most` wait for Redis; others wait for a turn until the oldest has waited PATIENCE.

    In a burst Redis answers all the time, so a turn comes soon. While Redis stands still, whoever
    comes later is refused at once.
    """

    def __init__(self, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._turns = threading.BoundedSemaphore(most)
        self._since: dict[object, float] = {}
        self._clock = clock

    @contextmanager
    def turn(self) -> Iterator[None]:
        """For one question to Redis.

        Raises:
            Refused: there is none; nothing was asked.
        """
        if not self._turns.acquire(blocking=False) and not self._await_turn():
            raise too_many_wait()
        asking = object()
        self._since[asking] = self._clock()
        try:
            yield
        finally:
            del self._since[asking]
            self._turns.release()

    def _await_turn(self) -> bool:
        now = self._clock()
        oldest = min(list(self._since.values()), default=now)
        return self._turns.acquire(timeout=max(0.0, oldest + PATIENCE - now))
