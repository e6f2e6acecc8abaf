"""One process of the WebSocket server: builds its parts and starts them.

How clients are taken in stands in `newcomers`, what happens at the stop in `farewell`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gevent

from common.message import Mark
from common.metrics.metrics import Metrics
from common.serving.stopping import Stop
from common.store.log import Log
from common.store.places import Places
from common.store.queue import Queue
from common.store.receipts import ReceiptWriter
from common.store.roster import RosterReader
from common.store.webhooks import Webhooks
from config.settings import Settings
from ws_server.census import Census
from ws_server.clients.connection import Connection
from ws_server.clients.hub import Hub
from ws_server.clients.keepalive import Keepalive
from ws_server.collector import numbers_of
from ws_server.door.grant import Grant
from ws_server.door.policy import OPEN, Policy
from ws_server.door.pusher_listen import FORMAT as PUSHER
from ws_server.door.socketio_listen import FORMAT as SOCKETIO
from ws_server.door.socketio_listen import FORMAT_3 as SOCKETIO_3
from ws_server.door.socketio_listen import LOBBY
from ws_server.farewell import LAST_CALLS, Farewell
from ws_server.feeds import make_feeds
from ws_server.figures import Figures
from ws_server.hooks import Hooks
from ws_server.inbox.receiver import Commands, Limits, Receiver
from ws_server.inbox.subscriptions import Subscriptions
from ws_server.newcomers import Newcomers
from ws_server.presence import Presence
from ws_server.pusher.dialect import Pusher
from ws_server.pusher.entering import Entering
from ws_server.pusher.last_events import LastEvents
from ws_server.pusher.memory import Memory
from ws_server.pusher.publisher import Publisher
from ws_server.pusher.rosters import Rosters
from ws_server.pusher.rules import Limits as ClientLimits
from ws_server.pusher.webhook_sender import Senders
from ws_server.receipts.receipts import Receipts
from ws_server.receipts.reports import Reports
from ws_server.relay.relay import Relay
from ws_server.remembering import NOTHING, Remembered, Remembering
from ws_server.socketio.dialect import SocketIO
from ws_server.socketio.frames import Opening
from ws_server.socketio.lobby import Lobby
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.formats import Format
from ws_server.worker import Worker


@dataclass(frozen=True)
class PusherStores:
    """What Pusher's protocol needs of Redis.

    Without `places` no client is remembered, and without `webhooks` there are none.
    """

    queue: Queue
    rosters: RosterReader
    places: Places | None = None
    webhooks: Webhooks | None = None


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
        self._feeds = make_feeds(settings, source, policy)
        self._hub = hub = Hub(self._feeds, self._note_gone)
        self._receipts = Receipts(hub.clients, hub.audiences.values(), hub.confirming)
        hub.witness = self._receipts
        self._source = source
        self._dialects: dict[str, Pusher] = {}
        self._pages: Memory | None = None
        self.webhooks: Senders | None = None
        self._commands: dict[Format, Commands] = {}
        self.figures = Figures(self._hub, settings)
        self.metrics = Metrics(numbers_of(self._hub, self._receipts, presence))
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
            dialects=self._dialects,
        )
        self._farewell = Farewell(
            self.newcomers, self._relay, self._hub, self._hooks, presence, settings.drain_seconds
        )
        self._presence = presence
        self._reports: Reports | None = None
        self.metrics.numbers.add("draining", lambda: int(self.newcomers.is_leaving))

    def report_to(self, writer: ReceiptWriter, seconds: float) -> None:
        """Tell Redis who has got what, of messages no older than so many seconds."""
        self._reports = Reports(self._hub, self._receipts, writer, seconds)

    def speak_pusher(self, kept: PusherStores, settings: Settings) -> None:
        """Serve clients that speak Pusher's protocol, which the policy must let in."""
        hub, memory, most = self._hub, None, settings.client_messages_per_second
        if kept.places is not None:
            memory = self._pages = Memory(kept.places, settings.client_seconds, hub, most)
            gevent.spawn(memory.run)
        rosters = Rosters(kept.rosters, hub, self._feeds[PUSHER])
        entering = Entering(
            hub, LastEvents(self._source, hub), rosters, self, memory, kept.webhooks
        )
        publisher = Publisher(kept.queue, kept.webhooks)
        limits = ClientLimits(settings.max_channels, settings.max_content_bytes)
        pusher = Pusher(hub, entering, publisher, memory, limits)
        self._dialects[PUSHER] = self._commands[self._feeds[PUSHER].format] = pusher

    def speak_socketio(self, policy: Policy, settings: Settings) -> None:
        """Serve clients that speak Socket.IO, which the policy must let in."""
        dialect = SocketIO(self._hub.sender, self._subscriptions)
        for name in (SOCKETIO, SOCKETIO_3):
            self._commands[self._feeds[name].format] = dialect
        most = settings.max_client_message_bytes
        opening = Opening(settings.ping_interval, most)
        lobby = Lobby(self.newcomers, self._census, policy, opening, most)
        self.newcomers.lobbies[LOBBY] = lobby
        gevent.spawn(lobby.run)

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

    def start(self, on_ready: Callable[[], None]) -> None:
        """Start everything that runs by itself. With Redis there, clients can join at once.

        `on_ready` is started, too, as soon as it knows where the log ends.
        """
        gevent.spawn(self._hub.sender.catch_up.run)
        gevent.spawn(self._keepalive.run)
        gevent.spawn(self._hub.confirming.run)
        gevent.spawn(self._presence.run)
        self._remembering.start()
        if self.webhooks is not None:
            self.webhooks.start()
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
        if self._pages is not None:
            self._pages.stop(LAST_CALLS)
        if self._reports is not None:
            self._reports.stop()
        if self.webhooks is not None:
            self.webhooks.stop(LAST_CALLS)

    def _make_receiver(self, settings: Settings, policy: Policy) -> Receiver:
        self._subscriptions = Subscriptions(self._hub, policy, self._note_change)
        self._commands[self._feeds["json"].format] = self._subscriptions
        return Receiver(
            self._hub,
            self._commands,
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

    def note_change(self, connection: Connection, had: frozenset[str], was: Grant) -> None:
        """It had other channels, and perhaps another grant."""
        if connection.grant is was:
            self._census.note_change(connection, had)
        else:
            self._census.note_user(connection, had, was)

    def enter_as(self, connection: Connection, name: str, who: str, info: str) -> None:
        """It is a member of a channel, from before it listens to it."""
        self._census.enter_as(connection, name, who, info)
        self._presence.hurry()

    def leave_as(self, connection: Connection, name: str) -> None:
        """It is no member any more, and does not listen."""
        self._census.leave_as(connection, name)

    def _note_gone(self, connection: Connection) -> None:
        for dialect in self._dialects.values():
            dialect.forget(connection)
        self._census.leave(connection)
        self._hub.journal.tell_went(connection, len(self._census))
        self._keepalive.forget(connection)
        self._remembering.leave(connection)
        self._hooks.say_goodbye(connection)
