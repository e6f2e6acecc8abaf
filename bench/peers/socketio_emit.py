"""python-socketio on gunicorn's gevent worker: `emit` to everybody, WebSocket from the start."""

from typing import Any

import socketio
from flask import Flask, request


def create_app() -> Any:
    """The WSGI application."""
    server = socketio.Server(async_mode="gevent", cors_allowed_origins=[])
    app = Flask(__name__)

    def push() -> str:
        server.emit("m", request.get_data(as_text=True))
        return "ok"

    app.add_url_rule("/push", view_func=push, methods=["POST"])
    return socketio.WSGIApp(server, app)
