"""The least that `POST /push` could be: a Flask view that LPUSHes and checks nothing.

By gunicorn's own command its Redis is `BARE_REDIS_URL`. Run as a module it is
served exactly as our HTTP API is.
"""

import os

import redis
from flask import Flask, Response, jsonify, request

from common.serving import server
from config.settings import Settings


def create_app() -> Flask:
    """The WSGI application for gunicorn's command."""
    return _app(os.environ["BARE_REDIS_URL"])


def load(settings: Settings) -> Flask:
    """The WSGI application for our own way to serve."""
    return _app(settings.redis_url)


def main() -> None:
    """Serve as `http_api` does, with the same settings."""
    settings = server.load_settings("HTTP")
    options = server.options(settings, settings.http_host, settings.http_port, 1)
    server.Server(options, "bench.peers.bare_push:load", settings).run()


def _app(redis_url: str) -> Flask:
    app = Flask(__name__)
    client = redis.Redis.from_url(redis_url)

    def push() -> Response:
        client.lpush("message_center", request.form["content"])
        return jsonify(code=0, msg="success")

    app.add_url_rule("/push", view_func=push, methods=["POST"])
    return app


if __name__ == "__main__":
    main()
