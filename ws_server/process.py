"""What a WebSocket worker process serves; imported there, after gevent has patched it."""

from importlib import import_module

from flask import Flask

from common.broker import Broker, History, connect
from config.settings import Settings, SettingsError
from ws_server.app import create_app
from ws_server.close_codes import GOING_AWAY, RESTARTING
from ws_server.service import Service
from ws_server.worker import Worker

REDIS_CONNECTIONS = 8  # Per process: two may block, one settles, one reads pages.

SERVICE = "message_center.service"  # Where the application keeps it, in `app.extensions`.


def load(settings: Settings) -> Flask:
    """The application, its service started.

    Raises:
        SettingsError: WORKER_CLASS names nothing usable.
    """
    worker_class = load_worker_class(settings.worker_class)
    client = connect(settings.redis_url, settings.redis_timeout, REDIS_CONNECTIONS)
    history = History(settings.history_size, settings.history_seconds)
    service = Service(settings, Broker(client, settings.message_center_key, history), worker_class)
    app = create_app(service)
    app.extensions[SERVICE] = service
    service.start()
    return app


def stop(app: Flask, *, reload: bool) -> None:
    """The end of the process; the web server accepts nothing any more."""
    service: Service = app.extensions[SERVICE]
    service.stop(RESTARTING if reload else GOING_AWAY, reload=reload)


def load_worker_class(path: str) -> type[Worker]:
    """The class named by WORKER_CLASS, as `module:Class`.

    Raises:
        SettingsError: there is none, or it is no `Worker`.
    """
    module_name, _, class_name = path.partition(":")
    try:
        found = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as problem:
        raise SettingsError("WORKER_CLASS", f"cannot load {path}: {problem}") from problem
    if not (isinstance(found, type) and issubclass(found, Worker)):
        raise SettingsError("WORKER_CLASS", f"{path} is not a subclass of ws_server.worker:Worker")
    return found
