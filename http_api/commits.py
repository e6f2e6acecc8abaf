"""Group commit, as thin as it can be: pushes that come while an LPUSH is under way go together.

Each is told when the LPUSH that carried it is confirmed. To be replaced by the one of the store.
"""

from collections.abc import Callable, Sequence
from time import monotonic

import gevent

from common.refused import Refused
from common.store.queue import Queue
from http_api.waiting import PATIENCE

MOST_MESSAGES = 10_000
MOST_BYTES = 16 * 1024 * 1024
AT_ONCE = 128

Confirmed = Callable[[Exception | int | None], None]
Pushed = tuple[Sequence[bytes], Sequence[str | None], int, Confirmed]


class Commits:
    """Pushes on their way. When Redis has not answered for PATIENCE, at most `most` wait on."""

    def __init__(self, queue: Queue, most: int, clock: Callable[[], float] = monotonic) -> None:
        self._queue = queue
        self._most = most
        self._clock = clock
        self._waiting: list[Pushed] = []
        self._bytes = 0
        self._under_way = 0
        self._since = 0.0  # Since when those under way are.
        self._is_working = False

    def submit(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int, done: Confirmed
    ) -> None:
        """Have it pushed; `done` is told None, the place of an id that was reused, or the problem.

        Raises:
            Refused: too many wait already.
        """
        size = sum(map(len, items))
        too_many = len(self._waiting) >= MOST_MESSAGES or self._bytes + size > MOST_BYTES
        if too_many or (self._is_full() and self._is_stalled()):
            raise _refusal()
        self._bytes += size
        self._waiting.append((items, ids, seconds, done))
        if not self._is_working:
            self._is_working = True
            gevent.spawn(self._work)

    def _is_full(self) -> bool:
        return self._under_way + len(self._waiting) >= self._most

    def _is_stalled(self) -> bool:
        return bool(self._under_way) and self._clock() >= self._since + PATIENCE

    def _send_away(self) -> None:
        """Redis does not answer: those who came last do not wait on, or they hold all places."""
        left = max(0, self._most - self._under_way)
        away, self._waiting = self._waiting[left:], self._waiting[:left]
        for items, _, _, done in away:
            self._bytes -= sum(map(len, items))
            done(_refusal())

    def _work(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                self._bytes -= sum(len(item) for items, *_ in some for item in items)
                self._under_way, self._since = len(some), self._clock()
                watch = gevent.spawn_later(PATIENCE, self._send_away)
                try:
                    self._commit(some)
                finally:
                    watch.kill(block=False)
                    self._under_way = 0
        finally:
            self._is_working = False

    def _commit(self, some: list[Pushed]) -> None:
        plain: list[Pushed] = []
        for each in some:
            if not any(each[1]):
                plain.append(each)
                continue
            self._push_plain(plain)
            plain = []
            try:
                result: Exception | int | None = self._queue.push_once(*each[:3])
            except Exception as problem:
                result = problem
            each[3](result)
        self._push_plain(plain)

    def _push_plain(self, plain: list[Pushed]) -> None:
        if not plain:
            return
        result = None
        try:
            self._queue.push_in_line([item for items, *_ in plain for item in items])
        except Exception as problem:
            result = problem
        for *_, done in plain:
            done(result)


def _refusal() -> Refused:
    reason = "the queue is unavailable: many wait for it already, try again"
    return Refused("queue_unavailable", reason, {"Retry-After": "1"})
