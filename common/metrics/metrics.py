"""The numbers of one process, and of all workers beside it.

Each worker tells the others how it is every two seconds, and whenever it is asked: so what one of
them has shown is never taken back by another.
"""

import hmac

import gevent

from common.metrics.board import Board
from common.metrics.numbers import Numbers, Snapshot, merged

EVERY = 2.0  # Seconds.
SCHEME = "bearer"


class Metrics:
    """What `/metrics` shows."""

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self._board = Board()  # Until there are others.
        numbers.add("workers", lambda: 1)

    def join(self, board: Board) -> None:
        """Count together with others, from now on; somebody has to call `tell_and_wait`."""
        self._board = board
        self.tell()

    def tell(self) -> None:
        """Let the others know."""
        self._board.tell(self.numbers.snapshot())

    def read(self) -> Snapshot:
        """Of all workers together."""
        own = self.numbers.snapshot()
        self._board.tell(own)
        return merged([own, *self._board.others()])

    def tell_and_wait(self) -> None:
        """A step of a loop that goes on for ever."""
        self.tell()
        gevent.sleep(EVERY)


def is_right(token: str, authorization: str) -> bool:
    """Whether a header carries this token; how long that takes says nothing about it."""
    scheme, _, given = authorization.partition(" ")
    is_same = hmac.compare_digest(given.strip().encode(errors="replace"), token.encode())
    return is_same and scheme.lower() == SCHEME
