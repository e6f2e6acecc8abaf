"""One process of the WebSocket server: its parts, its start, and its stop as a list of steps."""

import logging
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any

import gevent
from gevent.pool import Group

from common.broker import Broker
from common.errors import QueueUnavailable
from config.settings import Settings
from ws_server import hooks
from ws_server.close_codes import CloseCode
from ws_server.connection import Connection
from ws_server.desk import Desk
from ws_server.feed import Feed
from ws_server.formats import all_formats
from ws_server.hub import Hub, Start
from ws_server.keepalive import Keepalive
from ws_server.listen import Listen
from ws_server.presence import Presence
from ws_server.receiver import Limits, Receiver
from ws_server.relay import Relay
from ws_server.terms import OPEN, Terms
from ws_server.worker import Worker

log = logging.getLogger(__name__)

FAREWELL_TIMEOUT = 1.0  # Seconds for the last calls of `on_close`.
# Clients are closed so many a second, if the time allows: they come back at once, and a handshake
# costs half a millisecond where they do.
CLOSE_RATE = 2000
CLOSE_STEP = 0.05  # Seconds between two batches.


class Service:
    """Builds and owns the parts of one process."""

    def __init__(
        self,
        settings: Settings,
        broker: Broker,
        presence: Presence,
        worker_class: type[Worker],
        terms: Terms = OPEN,
    ) -> None:
        self._settings = settings
        self._presence = presence
        formats = all_formats(settings.message_prefix)
        feeds = {name: Feed(broker, form, settings.window_bytes) for name, form in formats.items()}
        self._hub = Hub(feeds, self._forget)
        self._relay = Relay(broker, self._hub)
        self._worker = worker_class(settings, self._hub, self._relay)
        self._receiver = Receiver(
            self._hub,
            Desk(self._hub, terms, self._note_change),
            Limits(settings.max_client_message_bytes, settings.client_messages_per_second),
            self._overridden("on_message"),
            self._worker.on_error,
        )
        self._on_connect = self._overridden("on_connect")
        self._on_close = self._overridden("on_close")
        self._keepalive = Keepalive(self._hub, settings.ping_interval, settings.slow_client_seconds)
        self._by_address: Counter[str] = Counter()
        self._farewells = Group()
        self._stopping = False

    @property
    def is_ready(self) -> bool:
        """Whether Redis answers and connections are taken."""
        return self._relay.is_connected and not self._stopping

    @property
    def refuses(self) -> str | None:
        """Why no connection is taken now, if so."""
        if self._stopping:
            return "the server stops"
        if not self._relay.is_ready:
            return "the server waits for Redis"
        if len(self._hub.connections) >= self._settings.max_connections:
            return "too many connections"
        return None

    def is_crowded(self, address: str) -> bool:
        """Whether no more connections are taken from an address; for all of them, see `refuses`."""
        most = self._settings.connections_per_address
        return bool(most and address and self._by_address[address] >= most)

    def start(self) -> None:
        """Start everything that runs by itself. With Redis there, clients can join at once."""
        gevent.spawn(self._hub.catch_up.run)
        gevent.spawn(self._keepalive.run)
        gevent.spawn(self._presence.run)
        if self._relay.start():
            self._start_worker()
        else:
            gevent.spawn(self._start_late)

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        """Take over a socket whose handshake is done, with what was read from it too early."""
        self._note_arrival(listen)
        try:
            start = self._start_of(listen)
        except BaseException:  # The time-out of its request, say: there is no connection yet.
            os.close(fd)
            self._note_end(listen.grant.user, listen.channels, listen.address)
            raise
        connection = self._hub.join(fd, self._receiver.read, start)
        if connection.is_open and listen.grant.expires is not None:
            self._keepalive.watch_expiry(connection)
        if self._on_connect is not None:
            connection.busy = True  # What it sends is read after the hook, and after `early`.
            connection.stop_watching()
            try:
                self._call(self._on_connect, connection)
            finally:
                connection.busy = False
        if early and connection.is_open:
            self._receiver.feed(connection, early)
        self._hub.resume_reading(connection)

    def stop(self, farewell: CloseCode, *, reload: bool) -> None:
        """The list of steps, within STOP_TIMEOUT; the web server accepts nothing any more."""
        self._stopping = True
        half = self._settings.stop_timeout / 2  # For sending; the rest for the close handshakes.
        start = monotonic()
        if reload:
            gevent.spawn(self._guard, self._worker.on_worker_reload).join(half)
        self._close_in_batches(farewell, (start + half - monotonic()) / 2)  # It still relays.
        self._stop_settling(max(0.1, start + half - monotonic()))
        _wait_until(lambda: not self._hub.behind, start + half)
        for connection in list(self._hub.connections):
            self._hub.close(connection, farewell)
        _wait_until(lambda: not self._hub.connections, start + 2 * half)
        self._cut_off_the_rest()

    def _start_late(self) -> None:
        self._relay.wait_for_start()
        self._start_worker()

    def _start_worker(self) -> None:
        self._guard(self._worker.on_worker_start)

    def _guard(self, hook: Callable[[], None]) -> None:
        hooks.call(hook, partial(self._worker.on_error, None))

    def _stop_settling(self, limit: float) -> None:
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                self._relay.stop()
        except QueueUnavailable as problem:
            log.warning("Stopping without the last look at the log: %s", problem)

    def _close_in_batches(self, farewell: CloseCode, seconds: float) -> None:
        """All but the last batch, and those that are behind: they are still being sent things."""
        everybody = list(self._hub.connections)
        steps = max(1, int(seconds / CLOSE_STEP))
        batch = max(round(CLOSE_RATE * CLOSE_STEP), len(everybody) // steps + 1)
        for start in range(0, len(everybody) - batch, batch):
            for connection in everybody[start : start + batch]:
                if connection.owed is None:
                    self._hub.close(connection, farewell)
            gevent.sleep(CLOSE_STEP)

    def _cut_off_the_rest(self) -> None:
        rest = list(self._hub.connections)
        if rest:
            log.warning("Cutting off %d clients after STOP_TIMEOUT", len(rest))
        for connection in rest:
            self._hub.drop(connection)
        self._presence.stop(FAREWELL_TIMEOUT)
        self._farewells.join(FAREWELL_TIMEOUT)

    def _note_arrival(self, listen: Listen) -> None:
        """Before anything can make it leave again."""
        self._presence.joined(listen.grant.user, listen.channels)
        if listen.address:
            self._by_address[listen.address] += 1

    def _note_change(self, connection: Connection, had: frozenset[str]) -> None:
        self._presence.changed(connection.grant.user, had, connection.channels)
        self._keepalive.watch_expiry(connection)

    def _start_of(self, listen: Listen) -> Start:
        """Where it starts. If Redis is asked, no longer than REDIS_TIMEOUT, whoever else asks."""
        if listen.last_id is None and not listen.last:
            return self._relay.start_of(listen)
        with gevent.Timeout(self._settings.redis_timeout, QueueUnavailable("no answer in time")):
            return self._relay.start_of(listen)

    def _note_end(self, user: str | None, channels: frozenset[str], address: str) -> None:
        """The opposite of `_note_arrival`."""
        self._presence.left(user, channels)
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _forget(self, connection: Connection) -> None:
        self._note_end(connection.grant.user, connection.channels, connection.address)
        self._keepalive.forget(connection)
        if self._on_close is not None:
            self._farewells.add(gevent.spawn(self._call, self._on_close, connection))

    def _call(self, hook: Callable[[Connection], None], connection: Connection) -> None:
        hooks.call(partial(hook, connection), partial(self._worker.on_error, connection))

    def _overridden(self, hook: str) -> Any:
        """The worker's own version of a hook; None if it has none, so that it costs nothing."""
        if getattr(type(self._worker), hook) is getattr(Worker, hook):
            return None
        return getattr(self._worker, hook)


def _wait_until(is_done: Callable[[], bool], end: float) -> None:
    while not is_done() and monotonic() < end:
        gevent.sleep(0.02)
