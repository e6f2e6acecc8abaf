"""What a worker process of the HTTP API serves; imported there, after gevent has patched it."""

from flask import Flask

from common.serving.open_files import affordable_slots
from common.store.connect import connect
from common.store.presence import RedisPresenceReader
from common.store.queue import RedisQueue
from config.settings import Settings
from http_api.app import PLAIN_PUSH, create_app
from http_api.plain_push import PlainPush

QUEUE_CONNECTIONS = 64  # Per process; a push waits for a free one, at most REDIS_TIMEOUT.


def load(settings: Settings) -> Flask:
    """The application with its queue, and its view of who is connected."""
    key = settings.message_center_key
    client = connect(settings.redis_url, settings.redis_timeout, QUEUE_CONNECTIONS, key)
    queue, presence = RedisQueue(client, key), RedisPresenceReader(client, key)
    return create_app(settings, queue, presence, slots=affordable_slots())


def plain(app: Flask) -> PlainPush:
    """What answers pushes at the door."""
    found: PlainPush = app.extensions[PLAIN_PUSH]
    return found
