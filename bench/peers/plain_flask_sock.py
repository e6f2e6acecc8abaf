"""flask-sock as documented, on gunicorn's gevent worker: a loop over the connections."""

from typing import Any

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed


def create_app() -> Flask:
    """The WSGI application."""
    app = Flask(__name__)
    sock = Sock(app)
    connections: set[Any] = set()

    def listen(ws: Any) -> None:
        connections.add(ws)
        try:
            while True:
                ws.receive()
        finally:
            connections.discard(ws)

    def push() -> str:
        text = request.get_data(as_text=True)
        for ws in list(connections):
            try:
                ws.send(text)
            except ConnectionClosed:
                connections.discard(ws)
        return "ok"

    sock.route("/")(listen)
    app.add_url_rule("/push", view_func=push, methods=["POST"])
    return app
