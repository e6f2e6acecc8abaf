"""What a worker process of the HTTP API serves; imported there, after gevent has patched it."""

import gevent
from flask import Flask

from common.loops import repeat
from common.metrics.board import Board
from common.metrics.metrics import Metrics
from common.serving.open_files import affordable_slots
from common.serving.siblings import Seat
from common.serving.stopping import Stop
from common.store.beats import RedisBeats
from common.store.commits import Commits
from common.store.connect import connect
from common.store.event_line import EventLine
from common.store.history import RedisHistory
from common.store.keys import Keys
from common.store.listener_counts import RedisListenerCounts
from common.store.pending import Room
from common.store.presence import RedisPresenceReader
from common.store.presence_pages import RedisPresencePages
from common.store.pulse import Pulse
from common.store.push_commands import PushCommands
from common.store.queue import RedisQueue
from common.store.receipts import RedisReceiptReader
from common.store.redis_meter import add_redis
from common.store.revocations import RedisRevocations
from config.settings import Settings
from http_api.app import METRICS, PLAIN_PUSH, READINESS, READS, create_app
from http_api.plain_push import PlainPush
from http_api.plain_trigger import PlainBoth
from http_api.readiness import Readiness
from http_api.watching.reads import Reads, ReadStores

PULSE = "message_center.pulse"  # Where the application keeps it.
QUEUE_CONNECTIONS = 64  # Per process; a push waits for a free one, at most REDIS_TIMEOUT.


def load(settings: Settings) -> Flask:
    """The application with its queue, and its view of who is connected."""
    key, timeout = settings.message_center_key, settings.redis_timeout
    client = connect(settings.redis_url, timeout, QUEUE_CONNECTIONS, key)
    queue, presence = RedisQueue(client, key), RedisPresenceReader(client, key)
    stores = ReadStores(
        RedisBeats(client, key),
        RedisPresencePages(client, key),
        RedisListenerCounts(client, key),
        RedisHistory(client, key),
        RedisReceiptReader(client, key),
        RedisRevocations(client, key),
    )
    slots = affordable_slots()
    app = create_app(settings, queue, presence, slots=slots, stores=stores)
    # One connection besides, for the door: it is opened with the first push.
    line, commands = EventLine(client), PushCommands(Keys(key))
    commits = Commits(line, commands, timeout, Room(slots // 2))
    plain(app).commit_to(commits, settings.idempotency_seconds)
    reads: Reads = app.extensions[READS]
    pulse = app.extensions[PULSE] = reads.pulse()
    gevent.spawn(pulse.run)
    add_redis(_metrics(app).numbers, client.meter)
    return app


def share(app: Flask, board: Board, seat: Seat) -> None:
    """Count together with the other workers, and see whether they are well."""
    metrics = _metrics(app)
    metrics.join(board)
    gevent.spawn(repeat, "numbers are told", metrics.tell_and_wait)
    readiness: Readiness = app.extensions[READINESS]
    readiness.seat = seat


def plain(app: Flask) -> PlainPush | PlainBoth:
    """What answers pushes at the door."""
    found: PlainPush | PlainBoth = app.extensions[PLAIN_PUSH]
    return found


def stop(app: Flask, how: Stop) -> None:  # noqa: ARG001
    """The end of the process: streams end, as they would last."""
    reads: Reads = app.extensions[READS]
    reads.streams.stop()
    pulse: Pulse = app.extensions[PULSE]
    pulse.stop()
    _metrics(app).tell()  # For those who go on.


def _metrics(app: Flask) -> Metrics:
    found: Metrics = app.extensions[METRICS]
    return found
