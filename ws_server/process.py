"""What a WebSocket worker process serves; imported there, after gevent has patched it."""

import gc
import logging
import os
import signal
from dataclasses import replace
from functools import partial
from importlib import import_module

import gevent
from flask import Flask

from common.client_address import client_of
from common.loops import repeat
from common.metrics.board import Board
from common.pusher.apps import Apps
from common.serving.open_files import affordable_connections
from common.serving.siblings import Seat
from common.serving.stopping import Stop, always
from common.store.beats import RedisBeats
from common.store.canaries import RedisCanaries
from common.store.connect import Client, connect
from common.store.log import RedisLog
from common.store.log_state import Retention
from common.store.places import RedisPlaces
from common.store.presence import RedisPresenceWriter
from common.store.pulse import Pulse
from common.store.queue import RedisQueue
from common.store.receipts import RedisReceiptWriter
from common.store.redis_meter import add_redis
from common.store.revocations import RedisRevocations
from common.store.roster import RedisRosterReader
from common.store.webhooks import RedisWebhooks
from config.settings import Settings
from ws_server.canary import Canary
from ws_server.door.app import create_app
from ws_server.door.plain_listen import PlainListen
from ws_server.door.policy import Policy, TokenCheck
from ws_server.metrics_page import add_metrics
from ws_server.named_class import load_worker_class
from ws_server.presence import Presence
from ws_server.pusher.webhook_post import post
from ws_server.pusher.webhook_sender import Senders
from ws_server.remembering import Remembered
from ws_server.revoking import Revoking
from ws_server.service import PusherStores, Service
from ws_server.wire.close_codes import GOING_AWAY, RESTARTING

log = logging.getLogger(__name__)

# With Python's own (700, 10, 10), a tenth of a fan-out went into looking for garbage among
# thousands of connections, all of which live long.
GC_THRESHOLDS = (10_000, 20, 20)
REDIS_CONNECTIONS = 4  # Per process, for presence; the log's connections come on top.

# Where the application keeps them, in `app.extensions`.
SERVICE = "message_center.service"
PLAIN_LISTEN = "message_center.plain_listen"
PULSE = "message_center.pulse"
CANARY = "message_center.canary"


def load(settings: Settings) -> Flask:
    """The application, its service started.

    Raises:
        SettingsError: WORKER_CLASS names nothing usable, or the keys of tokens are unusable.
    """
    policy = load_policy(settings)
    worker_class = load_worker_class(settings.worker_class)
    settings = replace(settings, max_connections=affordable(settings.max_connections))
    client = connect(
        settings.redis_url,
        settings.redis_timeout,
        REDIS_CONNECTIONS,
        settings.message_center_key,
    )
    retention = Retention(
        settings.history_size,
        settings.history_seconds,
        settings.history_bytes,
        settings.receipt_seconds,
    )
    key = settings.message_center_key
    canaries = RedisCanaries(client, key, settings.poll_interval)
    source = RedisLog(client, key, retention, canaries)
    hooks = settings.pusher_webhooks
    presence = Presence(RedisPresenceWriter(client, key, has_webhooks=bool(hooks)))
    service = Service(
        settings, source, presence, worker_class, policy, _remembered(settings, client, key)
    )
    if policy.apps is not None:
        stores = _pusher_stores(settings, client, key)
        service.speak_pusher(stores, settings)
        if stores.webhooks is not None:
            service.webhooks = Senders.of(policy.apps, hooks, stores.webhooks, post)
            service.webhooks.count_in(service.metrics.numbers)
    if policy.socket_io:
        service.speak_socketio(policy, settings)
    canary = Canary(canaries, source, service, settings.poll_interval)
    canary.count_in(service.metrics.numbers)
    app = create_app(service.newcomers, policy, settings.http_port, canary.problem)
    add_metrics(app, service.metrics, settings.metrics_token)
    app.extensions[SERVICE] = service
    app.extensions[CANARY] = canary
    app.extensions[PLAIN_LISTEN] = PlainListen(service.newcomers, policy)
    figures = service.figures
    figures.is_deaf = canary.is_missing
    pulse = Pulse(RedisBeats(client, key), "ws", figures.now, figures.counted)
    app.extensions[PULSE] = pulse
    add_redis(service.metrics.numbers, client.meter)
    seconds = settings.receipt_seconds
    service.report_to(RedisReceiptWriter(client, key, pulse.process, seconds), seconds)
    if policy.tokens is not None:
        revoked = service.newcomers.revoked = policy.tokens.revoked
        Revoking(RedisRevocations(client, key), revoked, service.hub).begin()
    # A beat says that it counts what is settled from then on: so it must know where that begins.
    service.start(pulse.run)
    gc.set_threshold(*GC_THRESHOLDS)
    return app


def share(app: Flask, board: Board, seat: Seat) -> None:
    """Count together with the other workers, and see which of them are well."""
    service: Service = app.extensions[SERVICE]
    service.metrics.join(board)
    gevent.spawn(repeat, "numbers are told", service.metrics.tell_and_wait)
    canary: Canary = app.extensions[CANARY]
    canary.seat = seat
    gevent.spawn(watch_over, canary)


def watch_over(canary: Canary) -> None:
    """End this process if no message reaches a client; its master starts another one then."""
    if canary.run():
        log.error("Deaf: no message reaches a client of this process; another takes its place")
        os.kill(os.getpid(), signal.SIGTERM)  # A graceful stop: clients are told to come back.


def _remembered(settings: Settings, client: Client, key: str) -> Remembered:
    clients, users = settings.client_seconds, settings.inbox_seconds
    return Remembered(
        RedisPlaces(client, key, clients) if clients else None,
        RedisPlaces(client, key, users, are_users=True) if users else None,
    )


def _pusher_stores(settings: Settings, client: Client, key: str) -> PusherStores:
    seconds = settings.client_seconds
    places = RedisPlaces(client, key, seconds) if seconds else None
    queue, rosters = RedisQueue(client, key), RedisRosterReader(client, key)
    ids = [id_ for id_, _ in settings.pusher_webhooks]
    webhooks = RedisWebhooks(client, key, ids) if ids else None
    return PusherStores(queue, rosters, places, webhooks)


def plain(app: Flask) -> PlainListen:
    """What lets clients in at the door."""
    found: PlainListen = app.extensions[PLAIN_LISTEN]
    return found


def load_policy(settings: Settings) -> Policy:
    """What the settings say about who may listen.

    Raises:
        SettingsError: SUBSCRIBE_SECRET or SUBSCRIBE_JWKS_FILE cannot be used.
    """
    tokens: TokenCheck | None = None
    if settings.subscribe_secret or settings.subscribe_jwks_file:
        # The libraries behind it take 8 MB in each process: only from who asks for tokens.
        tokens = import_module("ws_server.door.tokens").Tokens(settings)
    address_of = partial(client_of, trusted=settings.trusted_proxies)
    return Policy(
        tokens,
        settings.max_channels,
        frozenset(settings.allowed_origins),
        address_of if settings.connections_per_address else None,
        settings.client_seconds > 0,
        Apps(settings.pusher_apps) if settings.pusher_apps else None,
        settings.socket_io,
    )


def affordable(connections: int) -> int:
    """As many of `connections` as this process may open files for, its limit raised if possible."""
    taken = affordable_connections(connections)
    if taken < connections:
        log.warning(
            "MAX_CONNECTIONS: taking %d connections instead of %d, as this process may open so few "
            "files (ulimit -n)",
            taken,
            connections,
        )
    return taken


def announce(app: Flask, how: Stop) -> float:
    """The process will end: it is not ready any more. After how many seconds it may."""
    service: Service = app.extensions[SERVICE]
    return service.announce_stop(_adapted(how, app))


def stop(app: Flask, how: Stop) -> None:
    """The end of the process; the web server accepts nothing any more."""
    canary: Canary = app.extensions[CANARY]
    canary.stop()
    service: Service = app.extensions[SERVICE]
    service.stop(RESTARTING if how.reload else GOING_AWAY, _adapted(how, app))
    pulse: Pulse = app.extensions[PULSE]
    pulse.stop()
    service.metrics.tell()  # For those who go on.


def _adapted(how: Stop, app: Flask) -> Stop:
    """A deaf process is in a hurry: its clients get nothing until they are elsewhere."""
    canary: Canary = app.extensions[CANARY]
    return replace(how, is_hurried=always) if canary.is_deaf else how
