"""One process of the WebSocket server: its parts, its start, and its stop as a list of steps."""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic
from typing import Any

import gevent
from gevent.pool import Group

from common.errors import QueueUnavailable
from common.store.log import Log
from config.settings import Settings
from ws_server.census import Census
from ws_server.clients.beginning import Beginning
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.clients.keepalive import Keepalive
from ws_server.door.listen import Listen
from ws_server.door.policy import OPEN, Policy
from ws_server.inbox.calls import call_hook
from ws_server.inbox.receiver import Limits, Receiver
from ws_server.inbox.subscriptions import Subscriptions
from ws_server.log.feed import Feed
from ws_server.presence import Presence
from ws_server.relay.arrivals import Arrival, Arrivals, has_left
from ws_server.relay.relay import Relay
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.formats import all_formats
from ws_server.worker import Worker

log = logging.getLogger(__name__)

FAREWELL_TIMEOUT = 1.0  # Seconds for the last calls of `on_close`.
# Clients are closed so many a second, if the time allows: they come back at once, and a handshake
# costs half a millisecond where they do.
CLOSE_RATE = 2000
CLOSE_STEP = 0.05  # Seconds between two batches.
LAST_LOOK = 0.5  # Seconds for the last look at the log: clients are told soon, whatever Redis does.


class Service:
    """Builds and owns the parts of one process."""

    def __init__(
        self,
        settings: Settings,
        source: Log,
        presence: Presence,
        worker_class: type[Worker],
        policy: Policy = OPEN,
    ) -> None:
        self._settings = settings
        self._presence = presence
        formats = all_formats(settings.message_prefix)
        feeds = {name: Feed(source, form, settings.window_bytes) for name, form in formats.items()}
        self._hub = Hub(feeds, self._forget)
        self._relay = Relay(source, self._hub)
        self._worker = worker_class(settings, self._hub, self._relay)
        self._receiver = Receiver(
            self._hub,
            Subscriptions(self._hub, policy, self._note_change),
            Limits(settings.max_client_message_bytes, settings.client_messages_per_second),
            self._overridden("on_message"),
            self._worker.on_error,
        )
        self._on_connect = self._overridden("on_connect")
        self._on_close = self._overridden("on_close")
        self._keepalive = Keepalive(self._hub, settings.ping_interval, settings.slow_client_seconds)
        self._arrivals = Arrivals(
            self._relay.beginnings.find, self._take_in, settings.redis_timeout
        )
        self._census = Census(presence, settings.max_connections, settings.connections_per_address)
        self._joining = False
        self._ungreeted: set[Connection] = set()  # Of them no hook has heard.
        self._farewells = Group()
        self._farewell: CloseCode | None = None  # What clients are told at the stop.

    @property
    def is_ready(self) -> bool:
        """Whether Redis answers and connections are taken."""
        return self._relay.is_connected and self._farewell is None

    @property
    def refuses(self) -> str | None:
        """Why no connection is taken now, if so."""
        if self._farewell is not None:
            return "the server stops"
        if not self._relay.is_ready:
            return "the server waits for Redis"
        if self._census.is_full:
            return "too many connections"
        return None

    def is_crowded(self, address: str) -> bool:
        """Whether no more connections are taken from an address; for all of them, see `refuses`."""
        return self._census.is_crowded(address)

    def start(self) -> None:
        """Start everything that runs by itself. With Redis there, clients can join at once."""
        gevent.spawn(self._hub.catch_up.run)
        gevent.spawn(self._keepalive.run)
        gevent.spawn(self._presence.run)
        if self._relay.find_head():
            self._start_worker()
        else:
            gevent.spawn(self._start_late)

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        """Take over a socket whose handshake is done, with what was read from it too early.

        Never waits: who calls holds a slot of the web server. Whatever has to wait goes on in a
        greenlet, and counts as a connection meanwhile.
        """
        self._census.enter(listen)  # Before anything can make it leave again.
        arrival = Arrival(fd, early, listen)
        beginning = self._relay.beginnings.find_in_memory(listen)
        if beginning is None:
            self._arrivals.add(arrival)
        else:
            self._take_in(arrival, beginning)

    def _take_in(self, arrival: Arrival, beginning: Beginning) -> None:
        connection = self._join(arrival, beginning)
        if not self._hub.is_open(connection):
            return  # Refused, or gone already: its hook would greet nobody.
        if arrival.listen.grant.expires is not None:
            self._keepalive.watch_expiry(connection)
        if self._on_connect is None:
            self._begin_reading(connection, arrival.early)
        else:
            self._ungreeted.add(connection)
            connection.busy = True  # What it sends is read after the hook.
            connection.stop_watching()
            gevent.spawn(self._welcome, self._on_connect, connection, arrival.early)

    def _begin_reading(self, connection: Connection, early: bytes) -> None:
        if early and connection.is_open:
            self._receiver.feed(connection, early)
        self._hub.resume_reading(connection)

    def _join(self, arrival: Arrival, beginning: Beginning) -> Connection:
        if self._farewell is not None:
            beginning = Beginning(refused=self._farewell)
        self._joining = True  # If it ends here, its `on_close` is not called either.
        try:
            connection = self._hub.join(arrival.fd, self._receiver.read, arrival.listen, beginning)
        finally:
            self._joining = False
        if connection in self._hub.closing:
            self._ungreeted.add(connection)
        return connection

    def _welcome(
        self, on_connect: Callable[[Connection], None], connection: Connection, early: bytes
    ) -> None:
        if not connection.is_open or has_left(connection.fd):
            self._hub.drop(connection)
            return
        self._ungreeted.discard(connection)

        def greet() -> None:
            with gevent.Timeout(self._settings.request_timeout):
                on_connect(connection)

        try:
            call_hook(greet, partial(self._worker.on_error, connection))
        finally:
            connection.busy = False
        self._begin_reading(connection, early)

    def stop(self, farewell: CloseCode, *, reload: bool) -> None:
        """The list of steps, within STOP_TIMEOUT; the web server accepts nothing any more."""
        self._farewell = farewell
        half = self._settings.stop_timeout / 2  # For sending; the rest for the close handshakes.
        start = monotonic()
        self._arrivals.stop(farewell)
        if reload:
            gevent.spawn(self._guard, self._worker.on_worker_reload).join(half)
        self._close_in_batches(farewell, (start + half - monotonic()) / 2)  # It still relays.
        self._stop_settling(max(0.1, min(LAST_LOOK, start + half - monotonic())))
        self._close_live(list(self._hub.connections), farewell)
        _wait_until(lambda: not self._hub.behind, start + half)
        for connection in list(self._hub.connections):
            self._hub.close(connection, farewell)
        _wait_until(lambda: not len(self._census), start + 2 * half)
        self._cut_off_the_rest()

    def _start_late(self) -> None:
        self._relay.wait_for_head()
        self._start_worker()

    def _start_worker(self) -> None:
        self._guard(self._worker.on_worker_start)
        if not self._worker.has_relay:
            log.warning(
                "%s.on_worker_start has not called super().on_worker_start(): "
                "no message reaches a client",
                type(self._worker).__qualname__,
            )

    def _guard(self, hook: Callable[[], None]) -> None:
        call_hook(hook, partial(self._worker.on_error, None))

    def _stop_settling(self, limit: float) -> None:
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                self._relay.stop()
        except QueueUnavailable as problem:
            log.warning("Stopping without the last look at the log: %s", problem)

    def _close_in_batches(self, farewell: CloseCode, seconds: float) -> None:
        """All but the last batch."""
        everybody = list(self._hub.connections)
        steps = max(1, int(seconds / CLOSE_STEP))
        batch = max(round(CLOSE_RATE * CLOSE_STEP), len(everybody) // steps + 1)
        for start in range(0, len(everybody) - batch, batch):
            self._close_live(everybody[start : start + batch], farewell)
            gevent.sleep(CLOSE_STEP)

    def _close_live(self, connections: Iterable[Connection], farewell: CloseCode) -> None:
        """Not those who are behind: they are still being sent things."""
        for connection in connections:
            if connection.owed is None:
                self._hub.close(connection, farewell)

    def _cut_off_the_rest(self) -> None:
        rest = list(self._hub.connections)
        if rest:
            log.warning("Cutting off %d clients after STOP_TIMEOUT", len(rest))
        for connection in rest:
            self._hub.drop(connection)
        self._presence.stop(FAREWELL_TIMEOUT)
        self._farewells.join(FAREWELL_TIMEOUT)

    def _note_change(self, connection: Connection, had: frozenset[str]) -> None:
        self._census.note_change(connection, had)
        self._keepalive.watch_expiry(connection)

    def _forget(self, connection: Connection) -> None:
        self._census.leave(connection)
        self._keepalive.forget(connection)
        if connection in self._ungreeted:
            self._ungreeted.remove(connection)
        elif self._on_close is not None and not self._joining:
            self._farewells.add(gevent.spawn(self._call, self._on_close, connection))

    def _call(self, hook: Callable[[Connection], None], connection: Connection) -> None:
        call_hook(partial(hook, connection), partial(self._worker.on_error, connection))

    def _overridden(self, hook: str) -> Any:
        """The worker's own version of a hook; None if it has none, so that it costs nothing."""
        if getattr(type(self._worker), hook) is getattr(Worker, hook):
            return None
        return getattr(self._worker, hook)


def _wait_until(is_done: Callable[[], bool], end: float) -> None:
    while not is_done() and monotonic() < end:
        gevent.sleep(0.02)
