"""One process of the WebSocket server: builds its parts and starts them.

How clients are taken in stands in `newcomers`, what happens at the stop in `farewell`.
"""

from collections.abc import Callable

import gevent

from common.message import Mark
from common.metrics.metrics import Metrics
from common.serving.stopping import Stop
from common.store.log import Log
from common.store.receipts import ReceiptWriter
from config.settings import Settings
from ws_server.census import Census
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.clients.keepalive import Keepalive
from ws_server.collector import numbers_of
from ws_server.door.policy import OPEN, Policy
from ws_server.farewell import Farewell
from ws_server.figures import Figures
from ws_server.hooks import Hooks
from ws_server.inbox.receiver import Limits, Receiver
from ws_server.inbox.subscriptions import Subscriptions
from ws_server.log.feed import Feed
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.relay.relay import Relay
from ws_server.remembering import NOTHING, Remembered, Remembering
from ws_server.reports import Reports
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.formats import all_formats
from ws_server.worker import Worker


def nothing() -> None:
    """What is done where nothing is to be done."""


class Service:
    """`newcomers` is what the web server hands its sockets to."""

    def __init__(
        self,
        settings: Settings,
        source: Log,
        presence: Presence,
        worker_class: type[Worker],
        policy: Policy = OPEN,
        remembered: Remembered = NOTHING,
    ) -> None:
        self._stop_timeout = settings.stop_timeout
        self._hub = Hub(_make_feeds(settings, source), self._note_gone)
        self.figures = Figures(self._hub, settings)
        self.metrics = Metrics(numbers_of(self._hub, presence))
        self._relay = Relay(source, self._hub)
        worker = worker_class(settings, self._hub, self._relay)
        self._hooks = Hooks(worker, settings.request_timeout)
        self._remembering = Remembering(remembered, settings, source, self._hub)
        self._remembering.help(self._relay.beginnings)
        self._keepalive = Keepalive(self._hub, settings.ping_interval, settings.slow_client_seconds)
        self._census = Census(
            presence.counts, settings.max_connections, settings.connections_per_address
        )
        self.newcomers = Newcomers(
            census=self._census,
            relay=self._relay,
            hub=self._hub,
            receiver=self._make_receiver(settings, policy),
            hooks=self._hooks,
            keepalive=self._keepalive,
            redis_timeout=settings.redis_timeout,
            remembering=self._remembering,
        )
        self._farewell = Farewell(
            self.newcomers, self._relay, self._hub, self._hooks, presence, settings.drain_seconds
        )
        self._presence = presence
        self._reports: Reports | None = None
        self.metrics.numbers.add("draining", lambda: int(self.newcomers.is_leaving))

    def report_to(self, writer: ReceiptWriter, seconds: float) -> None:
        """Tell Redis who has got what, of messages no older than so many seconds."""
        self._reports = Reports(self._hub, writer, seconds)

    @property
    def is_relaying(self) -> bool:
        """Whether messages are to reach clients: Redis was found, and the worker relays."""
        return self._relay.is_ready and self._hooks.has_relay

    @property
    def mark(self) -> Mark:
        """The last message that has reached them."""
        return self._hub.mark

    @property
    def hub(self) -> Hub:
        """All of its clients."""
        return self._hub

    def start(self, on_ready: Callable[[], None] = nothing) -> None:
        """Start everything that runs by itself. With Redis there, clients can join at once.

        `on_ready` is started, too, as soon as it knows where the log ends.
        """
        gevent.spawn(self._hub.sender.catch_up.run)
        gevent.spawn(self._keepalive.run)
        gevent.spawn(self._hub.confirming.run)
        gevent.spawn(self._presence.run)
        self._remembering.start()
        if self._reports is not None:
            gevent.spawn(self._reports.run)
        if self._relay.find_head():
            self._begin(on_ready)
        else:
            gevent.spawn(self._begin_late, on_ready)

    def announce_stop(self, how: Stop) -> float:
        """It will be stopped: see `Farewell.announce`."""
        return self._farewell.announce(how)

    def stop(self, close: CloseCode, how: Stop) -> None:
        """End it: see `Farewell.run`."""
        self._farewell.run(close, self._stop_timeout, how)
        if self._reports is not None:
            self._reports.stop()

    def _make_receiver(self, settings: Settings, policy: Policy) -> Receiver:
        return Receiver(
            self._hub,
            Subscriptions(self._hub, policy, self._note_change),
            Limits(settings.max_client_message_bytes, settings.client_messages_per_second),
            self._hooks.on_message,
            self._hooks.on_error,
        )

    def _begin_late(self, on_ready: Callable[[], None]) -> None:
        self._relay.wait_for_head()
        self._begin(on_ready)

    def _begin(self, on_ready: Callable[[], None]) -> None:
        gevent.spawn(on_ready)
        self._hooks.start()

    def _note_change(self, connection: Connection, had: frozenset[str]) -> None:
        self._census.note_change(connection, had)
        self._keepalive.watch_expiry(connection)

    def _note_gone(self, connection: Connection) -> None:
        self._census.leave(connection)
        self._hub.journal.tell_went(connection, len(self._census))
        self._keepalive.forget(connection)
        self._remembering.leave(connection)
        self._hooks.say_goodbye(connection)


def _make_feeds(settings: Settings, source: Log) -> dict[str, Feed]:
    formats = all_formats(settings.message_prefix)
    return {name: Feed(source, form, settings.window_bytes) for name, form in formats.items()}
