"""The clients of a process are closed a few at a time, so that they come back as a stream.

Those that cannot resume go first: what is pushed while they are away they never get, so they should
find the others at rest and with room. Those that can resume go last: they miss nothing, however
long they wait. If the stop is cut short, all who are left come back at once, and that is for them
to bear. Nobody is closed here who is behind: the others come first.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic

import gevent

from common.serving.stopping import never
from ws_server.clients.connection import Connection, State
from ws_server.clients.hub import Hub
from ws_server.wire.close_codes import CloseCode

STEP = 0.05  # Seconds between two slices.


class Slices:
    """`is_hurried`: whether all that are left are to be closed at once instead."""

    def __init__(self, hub: Hub, is_hurried: Callable[[], bool] = never) -> None:
        self._hub = hub
        self._is_hurried = is_hurried

    def close(self, close: CloseCode, seconds: float) -> None:
        """Close most of those who are here, evenly over so long; the last slice is left over."""
        began, closed = monotonic(), 0
        waiting = deque(sorted(self._hub.connections, key=can_resume))
        total, passed = len(waiting), 0.0
        while waiting and passed < seconds - STEP and not self._is_hurried():
            gevent.sleep(STEP)
            passed = min(monotonic() - began, seconds - STEP)
            closed += self._close_some(waiting, close, int(total * passed / seconds) - closed)

    def _close_some(self, waiting: deque[Connection], close: CloseCode, most: int) -> int:
        """How many are gone now, of those who wait; they are closed in their order."""
        gone = 0
        for _ in range(len(waiting)):
            if gone >= most:
                break
            connection = waiting.popleft()
            if connection.state is State.BEHIND:
                waiting.append(connection)  # It is sent its rest meanwhile.
                continue
            self._hub.sender.close(connection, close)
            gone += 1
        return gone


def can_resume(connection: Connection) -> bool:
    """Whether a client can come back to where it was: by an id, or as we remember it."""
    return connection.feed.format.has_ids or bool(connection.remembered_as)
