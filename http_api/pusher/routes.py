"""Pusher's HTTP API: its routes, for backends that use a library of Pusher's.

They are there only if PUSHER_APPS is set. Who asks is known by the signature alone, and no other
token is needed. What is refused is answered with a sentence in plain text, as the libraries show
it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from time import time
from typing import Any

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from common.errors import QueueUnavailable
from common.flask_answers import RefusedResponse, translated
from common.libraries.gunicorn_http import ParseException
from common.outage import Outage
from common.pusher.apps import App, Apps
from common.refused import JSON, Refused
from http_api.access import asker
from http_api.access.guard import Guard
from http_api.pusher.backend import Backend
from http_api.pusher.signed import Signed, Target, read_head, refuse_foreign, refuse_other_body
from http_api.pusher.state import State
from http_api.reading.bodies import Bodies

NAME = "pusher"  # What the names of its endpoints begin with.
TEXT = "text/plain; charset=utf-8"
NOSNIFF = {"X-Content-Type-Options": "nosniff"}  # It shows what was sent.
UNAVAILABLE = Refused("queue_unavailable", "the queue is unavailable, try again")

Answer = dict[str, Any]
Asked = Mapping[str, str]
View = Callable[..., Answer]


class Entrance:
    """Who may come in: each request is read and checked here, before anything is done."""

    def __init__(self, apps: Apps, guard: Guard, bodies: Bodies) -> None:
        self._apps = apps
        self._guard = guard
        self._bodies = bodies

    def answer(self, view: View, app_id: str | None, names: dict[str, str]) -> Answer:
        """What `view` answers to an application, its parameters or its body, and `names`.

        Raises:
            Refused: it is not signed, or too many requests come.
        """
        signed = self._read_head()
        if app_id is not None:
            refuse_foreign(self._apps, signed, app_id)
        with self._bodies.read(request) as body:  # It counts until Redis has the messages.
            refuse_other_body(signed, body)
            given = body if request.method == "POST" else signed.parameters
            return view(signed.app, given, **names)

    def _read_head(self) -> Signed:
        get = request.environ.get
        peer, forwarded = get("REMOTE_ADDR", ""), get("HTTP_X_FORWARDED_FOR", "")
        try:
            signed = read_head(self._apps, _target(), time())
        except Refused:
            self._guard.count_request(None, peer, forwarded)
            raise
        asker.keep(self._guard.count_request(by(signed.app), peer, forwarded), None)
        return signed


def by(app: App) -> str:
    """What an application is called among those who push. No push token has such a name."""
    return f"{NAME}:{app.id}"


class Views:
    """What each route does for an application that has signed for it."""

    def __init__(self, backend: Backend, state: State) -> None:
        self._backend = backend
        self._state = state

    def rows(self) -> Iterator[tuple[str, str, str, View]]:
        """The method, path and name of each route, and what answers it."""
        backend = self._backend
        yield "POST", "/apps/<app_id>/events", "events", backend.trigger
        yield "POST", "/apps/<app_id>/batch_events", "batch_events", backend.trigger_batch
        yield "GET", "/apps/<app_id>/channels", "channels", self._channels
        yield "GET", "/apps/<app_id>/channels/<channel>", "channel", self._channel
        yield "GET", "/apps/<app_id>/channels/<channel>/users", "users", self._users
        yield "GET", "/apps/<app_id>/connections", "connections", self._connections
        terminate = "/users/<user>/terminate_connections"
        yield "POST", f"/apps/<app_id>{terminate}", "terminate", self._terminate
        yield "POST", terminate, "terminate_short", self._terminate  # As Python's library asks.

    def _channels(self, app: App, asked: Asked) -> Answer:
        return self._state.channels(app, asked.get("filter_by_prefix", ""), asked.get("info", ""))

    def _channel(self, app: App, asked: Asked, channel: str) -> Answer:
        return self._state.channel(app, channel, asked.get("info", ""))

    def _users(self, app: App, _: Asked, channel: str) -> Answer:
        return self._state.users(app, channel)

    def _connections(self, _app: App, _asked: Asked) -> Answer:
        return self._backend.connections()

    def _terminate(self, app: App, _: bytes, user: str) -> Answer:
        return self._backend.terminate(app, user)


def add_pusher(app: Flask, entrance: Entrance, views: Views, outage: Outage) -> None:
    """Add the routes; `outage` is told when Redis has answered, or has not."""
    routes = Blueprint(NAME, __name__)
    for method, rule, name, view in views.rows():
        answer = _answering(entrance, view, outage)
        routes.add_url_rule(rule, name, answer, methods=[method])
    routes.add_url_rule("/up", "up", lambda: _json({"health": "OK"}))
    _answer_failures(routes, outage)
    app.register_blueprint(routes)


def _answering(entrance: Entrance, view: View, outage: Outage) -> Callable[..., Response]:
    def answer(app_id: str | None = None, **names: str) -> Response:
        response = _json(entrance.answer(view, app_id, names))
        if request.method == "POST":
            outage.note("push", None)  # Redis has confirmed it.
        else:
            response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def is_pusher(endpoint: str | None) -> bool:
    """Whether it is one of these routes."""
    return endpoint is not None and endpoint.startswith(f"{NAME}.")


def _target() -> Target:
    environ = request.environ
    plain = environ["PATH_INFO"].encode("latin-1")
    sent = environ.get("RAW_URI", "").partition("?")[0].encode("latin-1", "replace")
    return Target(request.method, sent or plain, plain, request.query_string)


def _json(told: Answer) -> Response:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Response(text, content_type=JSON)


def _answer_failures(routes: Blueprint, outage: Outage) -> None:
    routes.register_error_handler(Refused, _text)

    @routes.errorhandler(HTTPException)
    def http_error(problem: HTTPException) -> Response:
        return _text(translated(problem))

    @routes.errorhandler(ParseException)
    def no_http(_: ParseException) -> Response:
        return _text(Refused("bad_request", "the body is not valid HTTP"))

    @routes.errorhandler(QueueUnavailable)
    def unavailable(problem: QueueUnavailable) -> Response:
        outage.note("push", problem)  # With the reason, which is not for callers.
        return _text(UNAVAILABLE)


def _text(refused: Refused) -> Response:
    # These libraries know 400 for what they have sent wrong.
    status = 400 if refused.status == 422 else refused.status
    response = RefusedResponse(f"{refused}\n", status, content_type=TEXT)
    response.headers.update(refused.headers)
    response.headers.update(NOSNIFF)
    response.error = refused.error
    return response
