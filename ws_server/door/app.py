"""The Flask application on the WebSocket port: handshakes through flask-sock, events, and health.

A WebSocket is accepted at every path, as Workerman does; the other routes stand behind every
prefix, as proxies may pass theirs on. A refusal comes before the route, as plain HTTP. All that
a browser tells a page of a refused WebSocket is 1006, so a plain GET at its address says why.
"""

import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from flask import Flask, Request, Response, jsonify, request
from gevent import GreenletExit
from werkzeug.routing import MapAdapter

from common.client_module import ClientModule
from common.flask_answers import RefusedResponse, answer_failures, speak_json
from common.flask_requests import tell_requests
from common.libraries.flask_sock_server import websockets
from common.refused import JSON, Refused
from common.unspoken import is_of_socketio
from config.settings import Settings
from ws_server.door.admission import (
    RETRY_AFTER,
    Adopter,
    admit_websocket,
    check_body,
    check_origin,
    check_room,
    read_listen,
)
from ws_server.door.handshake import EVENTS_HEADERS, HandOff, events_head
from ws_server.door.listen import ENVIRON_KEY
from ws_server.door.misdirected import refuse_misdirected, where_to_push
from ws_server.door.policy import OPEN, Policy
from ws_server.door.socketio_listen import engine_error
from ws_server.door.unspoken import refuse_unspoken

log = logging.getLogger(__name__)

ALLOWED = "GET, HEAD, OPTIONS"
View = Callable[..., Response]


class Site(Flask):
    """Routes by the path alone: Flask looks at the host, too, for a tenth of a handshake's time."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        if request is None:
            return None
        scheme = "ws" if _wants_websocket(request.environ) else "http"
        return MapAdapter(self.url_map, "", "/", "", scheme, _clean_path(request), request.method)


def nothing() -> str | None:
    """No problem is known, or nobody says who asks."""
    return None


def create_app(
    service: Adopter,
    policy: Policy = OPEN,
    http_port: int = Settings.http_port,
    problem: Callable[[], str | None] = nothing,
) -> Flask:
    """The WSGI application; needs gunicorn, whose sockets it hands over.

    `http_port` is where to push; those who push here are told. `problem` says why this process,
    or another one at this port, is not ready.
    """
    app = Site(__name__)
    speak_json(app)
    app.url_map.merge_slashes = False  # `Site` does it, without a redirect.
    _add_methods(app, policy, http_port)
    _add_websocket(app, service, policy)
    _add_events(app, service, policy)
    _add_health(app, service, problem)
    _add_client(app)
    _add_explanation(app, service, policy, http_port)
    answer_failures(app, log)
    tell_requests(app, log, nothing)
    return app


def _add_methods(app: Flask, policy: Policy, http_port: int) -> None:
    """What holds at every path: which methods there are, and which pages may read the answers."""

    @app.before_request
    def check_method() -> Response | None:
        method = request.environ["REQUEST_METHOD"]
        if method != "OPTIONS" and _polls():
            refuse_unspoken(request.environ, policy)
            if policy.socket_io:
                return _engine_error()
        if method in ("GET", "HEAD"):
            return None
        if method == "OPTIONS":
            wanted = request.headers.get("Access-Control-Request-Headers", "")
            permission = policy.permission(request.headers.get("Origin"), wanted)
            return Response(status=204, headers={"Allow": ALLOWED, **permission})
        refuse_misdirected(_clean_path(request), request.host, http_port)
        reason = f"this port is for listening; {where_to_push(request.host, http_port)}"
        raise Refused("method_not_allowed", reason, {"Allow": ALLOWED})

    @app.after_request
    def share(response: Response) -> Response:
        if "Access-Control-Allow-Origin" in response.headers:  # The client: for every page.
            return response
        response.headers.update(policy.sharing(request.headers.get("Origin")))
        return response


def _add_websocket(app: Flask, service: Adopter, policy: Policy) -> None:
    sock = websockets(app, HandOff)

    @app.before_request
    def check_handshake() -> None:
        environ = request.environ
        if _wants_websocket(environ):
            environ[ENVIRON_KEY] = admit_websocket(environ, policy, service)

    @app.after_request
    def count_refused(response: Response) -> Response:
        if response.status_code >= 400 and _wants_to_listen():
            service.note_refused(response.get_json()["error"])
        return response

    def listen(handed: HandOff, **_path: str) -> None:
        _hand_over(service, handed)

    sock.route("/")(listen)
    sock.route("/<path:path>", endpoint="listen_anywhere")(listen)


def _add_events(app: Flask, service: Adopter, policy: Policy) -> None:
    @_at_every_prefix(app, "events")
    def events(_prefix: str = "") -> Response:
        environ = request.environ
        check_origin(environ, policy)
        check_body(environ)
        listen = environ[ENVIRON_KEY] = read_listen(environ, policy, events=True)
        if request.method == "HEAD":
            return Response(headers=EVENTS_HEADERS)
        try:
            check_room(listen, service)
        except Refused as refused:
            service.note_refused(refused.error)
            # An EventSource gives up at an error status; at an end of the stream it comes back.
            wait = random.randint(RETRY_AFTER * 500, RETRY_AFTER * 1500)  # Not all at once.
            return Response(f"retry: {wait}\n: {refused.reason}\n\n", headers=EVENTS_HEADERS)
        sharing = policy.sharing(environ.get("HTTP_ORIGIN"))
        return _hand_over(service, HandOff(environ, events_head(sharing)))


def _add_health(app: Flask, service: Adopter, problem: Callable[[], str | None]) -> None:
    @_at_every_prefix(app, "healthz")
    def healthz(_prefix: str = "") -> Response:
        return jsonify(status="ok")

    @_at_every_prefix(app, "readyz")
    def readyz(_prefix: str = "") -> Response:
        if not service.is_ready:
            reason = "the server stops" if service.is_leaving else "Redis does not answer"
            raise Refused("not_ready", service.refuses or reason)
        if found := problem():
            raise Refused("not_ready", found)
        return jsonify(status="ready")


def _add_client(app: Flask) -> None:
    module = ClientModule()

    @_at_every_prefix(app, "client.js")
    def client(_prefix: str = "") -> Response:
        return module.respond(request)


def _add_explanation(app: Flask, service: Adopter, policy: Policy, http_port: int) -> None:
    @app.get("/")
    @app.get("/<path:_path>")
    def explain(_path: str = "") -> Response:
        """Why a WebSocket would be refused here; otherwise, that it is what this port wants."""
        environ = request.environ
        refuse_misdirected(_clean_path(request), request.host, http_port)
        check_origin(environ, policy)
        check_room(read_listen(environ, policy), service)
        raise Refused(
            "upgrade_required", _how_to_upgrade(), {"Upgrade": "websocket", "Connection": "Upgrade"}
        )


def _how_to_upgrade() -> str:
    if "Sec-WebSocket-Key" in request.headers:  # nginx drops the others by default.
        return "the handshake came without Upgrade: the proxy in front must pass it on"
    return f'this port speaks WebSocket: new WebSocket("ws://{request.host}{request.path}")'


def _at_every_prefix(app: Flask, name: str) -> Callable[[View], View]:
    """A route for GET and HEAD at /NAME, /any/prefix/NAME, and each with a slash behind."""

    def add(view: View) -> View:
        for rule in (f"/{name}", f"/<path:_prefix>/{name}"):
            app.add_url_rule(rule, name, view, methods=["GET"])
        return view

    return add


def _clean_path(request: Request) -> str:
    """`//events/` is `/events`: a proxy may join its own slash and that of the address."""
    path = request.path
    if path == "/" or ("//" not in path and path[-1] != "/"):
        return path
    return "/" + "/".join(filter(None, path.split("/")))


def _wants_websocket(environ: Mapping[str, Any]) -> bool:
    """Whether the request asks for the upgrade at all, rightly or wrongly."""
    asks = "websocket" in environ.get("HTTP_UPGRADE", "").lower()
    return asks and environ["REQUEST_METHOD"] not in ("HEAD", "OPTIONS")


def _wants_to_listen() -> bool:
    return request.endpoint == "events" or _wants_websocket(request.environ)


def _polls() -> bool:
    """Whether a client of Socket.IO asks for another transport than a WebSocket."""
    return is_of_socketio(request.path) and not _wants_websocket(request.environ)


def _engine_error() -> Response:
    body = engine_error(request.environ["QUERY_STRING"])
    response = RefusedResponse(body, 400, content_type=JSON)
    response.error = "bad_parameter"  # For the log: Engine.IO has a number.
    return response


def _hand_over(service: Adopter, handed: HandOff) -> NoReturn:
    service.adopt(*handed.take_socket(), handed.listen)
    raise GreenletExit  # There is no response: nothing is left for Flask and gunicorn to do.
