"""`Worker`: the six hooks of the original, one instance per process.

A subclass named in WORKER_CLASS replaces it. It starts the timer that calls the relay; it does
not send messages itself: the hub does.
"""

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic

import gevent

from common.loops import repeat
from config.settings import Settings
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.inbox.calls import call_hook
from ws_server.relay.relay import Relay

log = logging.getLogger(__name__)


class Worker:
    """Override what you need; call `super()` in `on_worker_start`, or nothing is relayed."""

    def __init__(self, settings: Settings, hub: Hub, relay: Relay) -> None:
        self.settings = settings
        self.hub = hub
        self._relay = relay
        self.has_relay = False  # Whether anybody has asked for `relay`: if not, nothing is relayed.

    @property
    def relay(self) -> Relay:
        """Brings messages from Redis to the hub, whenever its `tick` is called."""
        self.has_relay = True
        return self._relay

    def on_worker_start(self) -> None:
        """The process is up: start the timer (or, with DELIVERY=instant, the blocking pop)."""
        interval = self.settings.poll_interval
        if self.settings.delivery == "instant":
            self.spawn(self.relay.run_settling, interval)
            self.spawn(self.relay.run_reading)
        else:
            self.every(interval, self.relay.tick)

    def on_worker_reload(self) -> None:
        """The process makes room for a new one (SIGHUP); its clients are about to be closed."""

    def on_connect(self, connection: Connection) -> None:
        """A client has connected; it gets every message from now on."""

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        """A client has sent a message: text as str, binary as bytes. May wait."""

    def on_close(self, connection: Connection) -> None:
        """A client is gone; nothing can be sent to it any more."""

    def on_error(self, connection: Connection | None, error: Exception) -> None:
        """A hook has failed that was called for `connection`; None: one for nobody, or a timer."""
        whose = "a timer" if connection is None else f"connection {connection.fd}"
        log.error("A hook failed (%s)", whose, exc_info=error)

    def every(self, interval: float, action: Callable[[], None]) -> None:
        """Call `action` every `interval` seconds; the original's `Timer::add`."""
        self.spawn(self._run_timer, interval, action)

    def spawn(self, action: Callable[..., None], *args: object) -> None:
        """Run `action` at the same time as all else, until it returns or the process stops."""
        gevent.spawn(action, *args)

    def _run_timer(self, interval: float, action: Callable[[], None]) -> None:
        due = monotonic() + interval

        def call_when_due() -> None:
            nonlocal due
            gevent.sleep(max(0.0, due - monotonic()))
            # If calls were missed, they do not follow: one finds all that waits.
            due = max(due, monotonic()) + interval
            call_hook(action, partial(self.on_error, None))

        repeat("a timer", call_when_due)
