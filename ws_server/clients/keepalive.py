"""Pings, and the end of clients that are silent, stuck, slow to close, or whose token has expired.

Pings are spread over the interval: a burst of them would delay messages. Nothing is read here: the
receiver notes every sign of life.
"""

from math import inf
from time import monotonic, time

import gevent

from common.loops import repeat
from ws_server.clients.connection import Connection, State
from ws_server.clients.hub import Hub
from ws_server.wire.close_codes import EXPIRED

STEPS = 50  # The interval has so many; in each, a share of the clients is pinged.
LONGEST_STEP = 1.0  # Seconds; also how late a deadline can be noticed.
UNANSWERED_PINGS = 2


class Keepalive:
    """Visits every connection once an interval."""

    def __init__(self, hub: Hub, interval: float, slow_seconds: float) -> None:
        self._hub = hub
        self._sender = hub.sender
        self._interval = interval
        self._slow_seconds = slow_seconds
        self._step = min(interval / STEPS, LONGEST_STEP)
        self._due: list[Connection] = []
        self._share = 0
        self._round_end = 0.0
        self._expiring: dict[Connection, float] = {}  # When, in seconds since 1970.
        self._soonest = inf

    def run(self) -> None:
        """Visit for ever."""
        self._round_end = monotonic()
        repeat("clients are visited", self._visit)

    def _visit(self) -> None:
        gevent.sleep(self._step)
        if monotonic() >= self._round_end and not self._due:
            self._round_end = monotonic() + self._interval
            self._begin_round()
        self._visit_some()
        self._drop_the_late(monotonic())
        self._close_the_expired(time())

    def watch_expiry(self, connection: Connection) -> None:
        """Close it when its grant, which may be a new one, ends."""
        expires = connection.grant.expires
        if expires is None:
            self.forget(connection)
            return
        self._expiring[connection] = expires
        self._soonest = min(self._soonest, expires)

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._expiring.pop(connection, None)

    def _begin_round(self) -> None:
        if not self._hub.clients.behind:
            self._hub.give_back()
        self._due = self._hub.connections
        self._share = round(len(self._due) * self._step / self._interval) + 1

    def _visit_some(self) -> None:
        for _ in range(min(self._share, len(self._due))):
            connection = self._due.pop()
            if connection.state is not State.LIVE or connection.is_paused:
                # `_drop_the_late` watches it, or its pongs are not read.
                connection.unanswered = 0
            elif not connection.feed.format.is_websocket:
                pass  # It has no way to answer; TCP notices that it is gone.
            elif connection.unanswered >= UNANSWERED_PINGS:
                self._sender.drop(connection)
            else:
                connection.unanswered += 1
            self._sender.ping(connection, asks=self._hub.confirming.wants(connection))

    def _close_the_expired(self, now: float) -> None:
        if now < self._soonest:
            return
        expired = [connection for connection, end in self._expiring.items() if end <= now]
        for connection in expired:
            self._sender.close(connection, EXPIRED)
            self.forget(connection)
        self._soonest = min(self._expiring.values(), default=inf)

    def _drop_the_late(self, now: float) -> None:
        clients = self._hub.clients
        late = [connection for connection, end in clients.closing.items() if now > end]
        stuck = [
            connection
            for connection in clients.behind
            if connection.owed and now - connection.owed.progress > self._slow_seconds
        ]
        for connection in late + stuck:
            self._sender.drop(connection)
