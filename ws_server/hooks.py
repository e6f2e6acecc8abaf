"""The hooks that a `Worker` of the user's own overrides, as the rest of the server calls them.

A hook that is not overridden costs nothing. One that fails is reported to `on_error`, and harms
nobody. A client that was never taken in is none that a hook hears of: neither when it comes nor
when it leaves.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from gevent.pool import Group

from ws_server.clients.connection import Connection
from ws_server.inbox.calls import call_hook
from ws_server.worker import Worker

log = logging.getLogger(__name__)


class Hooks:
    """Calls the hooks of one worker; `on_connect` may take `time_limit` seconds."""

    def __init__(self, worker: Worker, time_limit: float) -> None:
        self._worker = worker
        self._time_limit = time_limit
        self.on_error = worker.on_error
        self.on_message = self._overridden("on_message")
        self._on_connect = self._overridden("on_connect")
        self._on_close = self._overridden("on_close")
        self._known: set[Connection] = set()  # Clients whose `on_close` is to be called.
        self._closing = Group()  # The calls of `on_close` that are under way.

    @property
    def greets(self) -> bool:
        """Whether there is an `on_connect`."""
        return self._on_connect is not None

    @property
    def has_relay(self) -> bool:
        """Whether the worker relays messages; known after `start`."""
        return self._worker.has_relay

    def start(self) -> None:
        """Call `on_worker_start`, and say so if nothing is relayed after it."""
        self._call(self._worker.on_worker_start)
        if not self._worker.has_relay:
            log.warning(
                "%s.on_worker_start has not called super().on_worker_start(): "
                "no message reaches a client",
                type(self._worker).__qualname__,
            )

    def reload(self, limit: float) -> None:
        """Call `on_worker_reload`; go on after `limit` seconds, whether it has returned or not."""
        gevent.spawn(self._call, self._worker.on_worker_reload).join(limit)

    def greet(self, connection: Connection) -> None:
        """A client is taken in: call `on_connect`, which may wait."""
        if self._on_close is not None:
            self._known.add(connection)
        if self._on_connect is not None:
            self._call(partial(self._greet_in_time, self._on_connect, connection), connection)

    def say_goodbye(self, connection: Connection) -> None:
        """A client is gone: call `on_close` soon, if the hooks know the client."""
        if connection in self._known:
            self._known.remove(connection)
            hook = partial(self._worker.on_close, connection)
            self._closing.add(gevent.spawn(self._call, hook, connection))

    def wait_for_goodbyes(self, limit: float) -> None:
        """Wait until all calls of `on_close` have returned, for `limit` seconds at most."""
        self._closing.join(limit)

    def _greet_in_time(
        self, on_connect: Callable[[Connection], None], connection: Connection
    ) -> None:
        with gevent.Timeout(self._time_limit):
            on_connect(connection)

    def _call(self, hook: Callable[[], None], connection: Connection | None = None) -> None:
        call_hook(hook, partial(self.on_error, connection))

    def _overridden(self, hook: str) -> Any:
        """The worker's own version of a hook; None if it has none."""
        if getattr(type(self._worker), hook) is getattr(Worker, hook):
            return None
        return getattr(self._worker, hook)
