"""Whether a push would be taken just now, found out once a second, however many ask."""

from collections.abc import Callable

import gevent

from common.errors import QueueUnavailable
from common.refused import Refused
from common.serving.siblings import Seat
from common.store.queue import Queue
from http_api.access.waiting import Waiting

FRESH = 1.0  # Seconds for which an answer counts.
LONGEST = 5.0  # Seconds for Redis to answer, also where REDIS_TIMEOUT allows more.


class Readiness:
    """Asks the queue, and remembers for a moment what it said.

    `seat` is this worker's among all workers of its master.
    """

    def __init__(self, queue: Queue, clock: Callable[[], float]) -> None:
        self.seat = Seat.alone()
        self._queue = queue
        self._clock = clock
        self._until = -1.0
        self._problem = ""
        self._asking = Waiting(1, clock)

    def check(self) -> None:
        """Nothing, if a push would be taken.

        Raises:
            QueueUnavailable: it would not, with what Redis has refused.
            Refused: Redis has been asked, and does not answer in time; or another worker, to
                which a push may come as well, stands still.
        """
        if problem := self.seat.problem():
            raise Refused("not_ready", problem)
        with self._asking.turn():  # Others who ask meanwhile wait for the same answer.
            if self._clock() >= self._until:
                self._problem = self._ask()
                self._until = self._clock() + FRESH
            if self._problem:
                raise QueueUnavailable(self._problem)

    def _ask(self) -> str:
        try:
            with gevent.Timeout(LONGEST, QueueUnavailable("it does not answer")):
                self._queue.check()
        except QueueUnavailable as problem:
            return problem.reason
        return ""
