"""What a worker process of the HTTP API serves; imported there, after gevent has patched it."""

from flask import Flask

from common.serving.files import affordable_places
from common.store.broker import Broker, History
from common.store.line import connect
from common.store.presence import Roster
from config.settings import Settings
from http_api.app import create_app

QUEUE_CONNECTIONS = 64  # Per process; a push waits for a free one, at most REDIS_TIMEOUT.


def load(settings: Settings) -> Flask:
    """The application with its queue and its roster."""
    key = settings.message_center_key
    client = connect(settings.redis_url, settings.redis_timeout, QUEUE_CONNECTIONS, key)
    history = History(settings.history_size, settings.history_seconds)
    broker, roster = Broker(client, key, history), Roster(client, key)
    return create_app(settings, broker, roster, places=affordable_places())
