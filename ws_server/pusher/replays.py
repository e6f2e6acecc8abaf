"""What a client gets of a channel before it is in: what came after a place in the log.

Before that comes the last event of a cache channel, if it is older. Each client has one cursor for
all its channels, which stays where it is meanwhile: when the replay has come so far, the client
enters the channel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import gevent
from gevent.lock import BoundedSemaphore

from common.errors import QueueUnavailable
from ws_server.clients.connection import Connection
from ws_server.clients.sender import PAUSE_OUTBOX, Sender
from ws_server.log.old_pages import Gap

READ_AT_ONCE = 8  # Replays that may ask Redis; the others wait.
PAUSE = 0.02  # Seconds, while a client has yet to take what it was sent.
REDIS_PAUSE = 1.0
PATIENCE = 10.0  # Seconds for this process to come to where another one was.


@dataclass(slots=True)
class Replay:
    """For one client and one channel, as it is named here. `first`: an older message, or None."""

    connection: Connection
    name: str
    cursor: int
    is_wanted: Callable[[], bool]
    enter: Callable[[], None]
    tell_gap: Callable[[], None]
    first: int | None = None


class Replays:
    """Plain state, no lock; each replay that has to wait has a greenlet."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._reading = BoundedSemaphore(READ_AT_ONCE)

    def begin(self, replay: Replay) -> None:
        """Send what there is, and let the client in, soon."""
        gevent.spawn(self._run, replay)

    def _run(self, replay: Replay) -> None:
        connection, epoch = replay.connection, replay.connection.feed.epoch
        until = monotonic() + PATIENCE
        while replay.is_wanted() and connection.is_open:
            is_ahead = replay.cursor > connection.sent_upto and monotonic() < until
            if is_ahead or _has_enough(connection):
                gevent.sleep(PAUSE)
                continue
            try:
                is_done = self._send_some(replay)
            except QueueUnavailable:
                gevent.sleep(REDIS_PAUSE)
                continue
            except Gap:
                is_done = None
            if is_done is None or connection.feed.epoch != epoch:
                replay.tell_gap()
                is_done = True
            if is_done:
                replay.enter()
                return

    def _send_some(self, replay: Replay) -> bool | None:
        """Whether the client has all up to its cursor; None: what follows may not be known."""
        connection, feed = replay.connection, replay.connection.feed
        epoch, first = feed.epoch, replay.first
        cursor = replay.cursor if first is None else first - 1
        with self._reading:
            chunk = feed.next_chunk(cursor, frozenset([replay.name]), connection.number)
        if feed.epoch != epoch:
            return None
        # From here on nothing waits: its cursor stays where it is until it is in.
        owed = connection.owed
        upto = connection.sent_upto if first is None else first
        if owed is not None and owed.skip:
            return False
        if chunk is not None and cursor < upto:
            start, end = chunk.start_after(cursor), chunk.start_after(upto)
            if start < end:
                self._sender.post_raw(connection, chunk.data[start:end])
            cursor = min(chunk.upto, upto)
        else:
            cursor = upto
        if first is None:
            replay.cursor = cursor
        replay.first = None
        return first is None and cursor >= upto


def _has_enough(connection: Connection) -> bool:
    """Whether a client has yet to take what it was sent; in a long frame nothing can be said."""
    owed = connection.owed
    return owed is not None and (owed.skip > 0 or len(owed.outbox) > PAUSE_OUTBOX)
