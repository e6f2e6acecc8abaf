"""The least that `POST /push` could be in Flask: a view that LPUSHes and checks nothing.

It is served by gunicorn's own command; its Redis is `BARE_REDIS_URL`.
"""

import os

import redis
from flask import Flask, Response, jsonify, request


def create_app() -> Flask:
    """The WSGI application."""
    app = Flask(__name__)
    client = redis.Redis.from_url(os.environ["BARE_REDIS_URL"])

    def push() -> Response:
        client.lpush("message_center", request.form["content"])
        return jsonify(code=0, msg="success")

    app.add_url_rule("/push", view_func=push, methods=["POST"])
    return app
