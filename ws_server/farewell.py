"""The stop of a process (SIGTERM, or SIGHUP for a reload): what happens, in order.

Clients are closed over DRAIN_SECONDS, if those are set. The rest takes STOP_TIMEOUT at most, and a
moment for presence and the last hooks. Half of STOP_TIMEOUT is for sending what is settled, the
other half for clients that are slow to answer the close.
"""

import logging
from collections.abc import Callable, Iterable
from time import monotonic

import gevent

from common.errors import QueueUnavailable
from common.serving.stopping import Stop
from ws_server.clients.connection import Connection, State
from ws_server.clients.hub import Hub
from ws_server.hooks import Hooks
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.relay.relay import Relay
from ws_server.slices import Slices
from ws_server.wire.close_codes import CloseCode

log = logging.getLogger(__name__)

LAST_CALLS = 1.0  # Seconds for Redis to forget who was here; and again for the calls of `on_close`.
# Without DRAIN_SECONDS clients are closed so many a second, if the time allows: they come back at
# once, and a handshake takes a tenth of a millisecond where they do.
CLOSE_RATE = 2000
# Seconds, and share of DRAIN_SECONDS, for those who ask /readyz to find out; nobody is closed yet.
LONGEST_NOTICE, NOTICE = 5.0, 1 / 6
LAST_LOOK = 0.5  # Seconds for the last look at the log: clients are told soon, whatever Redis does.


class Farewell:
    """`run` has the steps."""

    def __init__(
        self,
        newcomers: Newcomers,
        relay: Relay,
        hub: Hub,
        hooks: Hooks,
        presence: Presence,
        drain_seconds: float = 0.0,
    ) -> None:
        self._newcomers = newcomers
        self._relay = relay
        self._hub = hub
        self._hooks = hooks
        self._presence = presence
        self._drain_seconds = drain_seconds
        self._remembering = newcomers.remembering

    def announce(self, how: Stop) -> float:
        """Be ready no more; for how many seconds clients are still taken in.

        A balancer that has not noticed yet sends some. Refused, they would have to wait; once the
        port is closed, it sends them elsewhere by itself. At a reload others have the port, too.
        """
        self._newcomers.is_leaving = True
        return 0.0 if how.reload or how.is_hurried() else self._notice

    @property
    def _notice(self) -> float:
        return min(LONGEST_NOTICE, self._drain_seconds * NOTICE)

    def run(self, close: CloseCode, timeout: float, how: Stop) -> None:
        """Go through the steps; the web server accepts nothing any more.

        `close` is what clients are told.
        """
        began = monotonic()
        self._newcomers.refuse_from_now_on(close)
        if how.reload:
            self._hooks.reload(timeout / 2)
        if self._drain_seconds:
            self._drain(close, how)
            began = monotonic()
        half, end = began + timeout / 2, began + timeout
        self._close_most(close, half, how)  # What is pushed is still sent to the others.
        self._send_what_is_settled(half)  # Nothing is settled any more: it waits in the queue.
        self._close_live(self._hub.connections, close)
        _wait_until(lambda: not self._hub.clients.behind, half)  # They get the rest.
        self._close(self._hub.connections, close)
        _wait_until(lambda: self._newcomers.are_gone, end)
        self._cut_off(self._hub.connections)
        if self._remembering is not None:
            self._remembering.stop(LAST_CALLS)
        self._presence.stop(LAST_CALLS)
        self._hooks.wait_for_goodbyes(LAST_CALLS)

    def _drain(self, close: CloseCode, how: Stop) -> None:
        """Nearly all, over DRAIN_SECONDS; the relay and everything else goes on meanwhile."""
        seconds = self._drain_seconds - (0.0 if how.reload else self._notice)
        log.info("Closing %d clients over %.1f seconds", len(self._hub.connections), seconds)
        Slices(self._hub, how.is_hurried).close(close, seconds)

    def _close_most(self, close: CloseCode, half: float, how: Stop) -> None:
        """All that are live, but for the last slice, in half of the time up to `half`."""
        seconds = min(len(self._hub.connections) / CLOSE_RATE, (half - monotonic()) / 2)
        Slices(self._hub, how.is_hurried).close(close, seconds)

    def _send_what_is_settled(self, half: float) -> None:
        limit = max(0.1, min(LAST_LOOK, half - monotonic()))
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                self._relay.stop()
        except QueueUnavailable as problem:
            log.warning("Stopping without the last look at the log: %s", problem)

    def _close_live(self, connections: Iterable[Connection], close: CloseCode) -> None:
        """Not those who are behind: they are still being sent things."""
        self._close((each for each in connections if each.state is State.LIVE), close)

    def _close(self, connections: Iterable[Connection], close: CloseCode) -> None:
        for connection in connections:
            self._hub.sender.close(connection, close)

    def _cut_off(self, connections: list[Connection]) -> None:
        if connections:
            log.warning("Cutting off %d clients after STOP_TIMEOUT", len(connections))
        for connection in connections:
            self._hub.sender.drop(connection)


def _wait_until(is_done: Callable[[], bool], end: float) -> None:
    while not is_done() and monotonic() < end:
        gevent.sleep(0.02)
