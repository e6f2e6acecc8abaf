"""The Flask application of the HTTP API: routes, and every failure as the same JSON shape."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic

from flask import Flask, Response, jsonify, request

from common.client_module import ClientModule
from common.errors import QueueUnavailable
from common.flask_answers import answer_failures, respond, speak_json
from common.flask_requests import tell_requests
from common.libraries.gunicorn_http import ParseException
from common.metrics.metrics import Metrics
from common.outage import Outage
from common.pusher.apps import Apps
from common.refused import JSON, Refused
from common.serving.open_files import SLOTS
from common.store.presence import PresenceReader
from common.store.queue import Queue
from config.settings import Settings
from http_api.about import add_about
from http_api.access import asker
from http_api.access.guard import Guard
from http_api.access.scope import ANY, KICK, PRESENCE, PUSH, READ, SIGN
from http_api.access.waiting import Admit, Waiting
from http_api.aliases import Aliases
from http_api.console import add_console
from http_api.docs_page import add_docs
from http_api.misdirected import refuse_misdirected
from http_api.plain_push import UNAVAILABLE, PlainPush
from http_api.push import Push
from http_api.pusher.routes import is_pusher
from http_api.pushing import add_push
from http_api.readiness import Readiness
from http_api.reading.bodies import AT_ONCE, Bodies
from http_api.reading.limits import Limits
from http_api.speaking_pusher import PusherApi, Shared
from http_api.tokens.revocations import add_revocations
from http_api.tokens.signer import Signer
from http_api.tokens.tokens import add_tokens
from http_api.watching.collector import numbers_of
from http_api.watching.connections import Connections
from http_api.watching.metrics_page import add_metrics
from http_api.watching.reads import Reads, ReadStores, add_reads
from http_api.watching.tally import Tally

log = logging.getLogger(__name__)

# None: there is no such route. The answer is 404 or 405, and nothing is done.
PAGES = ("console", "openapi", "client", "static", "docs", "docs_file")
PUBLIC = frozenset({None, "healthz", "readyz", *PAGES})
# What a scope must hold for the other routes; for one that is not here no scope is enough.
RIGHTS: dict[str | None, str] = {
    "push_index": PUSH,
    "push_batch": PUSH,
    "user_index": PRESENCE,
    "channel_index": PRESENCE,
    "users": PRESENCE,
    "channels": PRESENCE,
    "user_kick": KICK,
    "revoke": KICK,
    "revocations": KICK,
    "take_back": KICK,
    "tokens": SIGN,
    "stats": READ,
    "metrics": READ,
    "messages": READ,
    "message_events": READ,
    "receipt": READ,
    "about": ANY,
}
# Where the application keeps what the door asks, what reads, and what counts.
PLAIN_PUSH = "message_center.plain_push"
READS = "message_center.reads"
METRICS = "message_center.metrics"
READINESS = "message_center.readiness"


def create_app(
    settings: Settings,
    queue: Queue,
    presence: PresenceReader,
    clock: Callable[[], float] = monotonic,
    slots: int = SLOTS,
    stores: ReadStores | None = None,
) -> Flask:
    """The WSGI application; connects to nothing by itself. `slots` are the web server's.

    Without `stores` it only pushes, and tells who is connected by name.
    """
    app = Flask(__name__)
    speak_json(app)
    app.url_map.merge_slashes = False  # A redirect would be no answer of ours.
    app.wsgi_app = Aliases(app.wsgi_app)  # type: ignore[method-assign]
    _refuse_misdirected(app, settings)
    outage = Outage()
    tally = Tally()
    guard = Guard(settings, clock)
    _protect(app, guard, PUBLIC | {"metrics"} if settings.metrics_token else PUBLIC)
    limits = Limits(settings.max_content_bytes, settings.max_channels)
    bodies = Bodies(settings.max_body_bytes, AT_ONCE * settings.max_body_bytes)
    waiting = Waiting(slots // 2, clock)
    admit = _admission(guard, waiting)
    push = Push(queue, admit, bodies, limits, settings.idempotency_seconds)
    add_push(app, push, outage, tally)
    app.extensions[PLAIN_PUSH] = PlainPush(guard, bodies, limits, outage, tally)
    _add_connections(app, Connections(presence, queue, waiting.turn, admit), outage)
    if stores is not None:
        add_revocations(app, stores.revocations, bodies, waiting.turn)
        reads = app.extensions[READS] = Reads(stores, settings, waiting.turn, slots, tally)
        add_reads(app, reads)
        metrics = app.extensions[METRICS] = Metrics(numbers_of(tally))
        add_metrics(app, metrics, reads.stats, settings)
        if settings.pusher_apps:
            shared = Shared(queue, guard, bodies, limits, outage, tally, admit, waiting.turn)
            pusher = PusherApi(Apps(settings.pusher_apps), shared)
            pusher.add_routes(app, stores, reads.stats)
            app.extensions[PLAIN_PUSH] = pusher.beside(app.extensions[PLAIN_PUSH])
    _add_about(app, settings, bodies)
    readiness = app.extensions[READINESS] = Readiness(queue, clock)
    _add_health(app, readiness, outage)
    add_console(app, settings)
    _add_openapi(app)
    add_docs(app)
    _add_client(app)
    _add_errors(app, outage)
    return app


def _admission(guard: Guard, waiting: Waiting) -> Admit:
    """Has the messages of a push counted before it waits for its turn."""

    def admit(messages: int) -> AbstractContextManager[None]:
        guard.count_messages(asker.callers(), messages)
        return waiting.turn()

    return admit


def _protect(app: Flask, guard: Guard, public: frozenset[str | None]) -> None:
    """Have the guard asked before every route, except the public ones."""
    if not guard:
        return

    @app.before_request
    def check() -> None:
        # Pusher's libraries sign what they ask, and have no token.
        if request.endpoint not in public and not is_pusher(request.endpoint):
            get = request.environ.get
            authorization, peer = get("HTTP_AUTHORIZATION", ""), get("REMOTE_ADDR", "")
            callers = guard.check(authorization, peer, get("HTTP_X_FORWARDED_FOR", ""))
            scope = guard.scope_of(callers)
            asker.keep(callers, scope)  # First: whom it refuses is told of, too.
            if scope is not None:
                scope.refuse_unless(RIGHTS.get(request.endpoint))


def _refuse_misdirected(app: Flask, settings: Settings) -> None:
    @app.before_request
    def say_where_it_belongs() -> None:
        refuse_misdirected(request.environ, settings)


def _add_connections(app: Flask, connections: Connections, outage: Outage) -> None:
    @app.get("/users/<user>")
    def user_index(user: str) -> Response:
        return jsonify(connections.user(user))

    @app.get("/channels/<channel>")
    def channel_index(channel: str) -> Response:
        return jsonify(connections.channel(channel))

    @app.delete("/users/<user>/connections")
    def user_kick(user: str) -> Response:
        body = connections.kick(user)
        outage.note("push", None)  # Redis has confirmed it.
        return jsonify(body)


def _add_about(app: Flask, settings: Settings, bodies: Bodies) -> None:
    signer = Signer(settings)
    add_about(app, settings, signer)
    add_tokens(app, signer, bodies, settings.max_channels)


def _add_health(app: Flask, readiness: Readiness, outage: Outage) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> Response:
        readiness.check()
        outage.note("push", None)
        return jsonify(status="ready")


def _add_openapi(app: Flask) -> None:
    with app.open_resource("openapi.json") as file:
        document = file.read()

    @app.get("/openapi.json")
    def openapi() -> Response:
        return Response(document, content_type=JSON)


def _add_client(app: Flask) -> None:
    module = ClientModule()

    @app.get("/client.js")
    def client() -> Response:
        return module.respond(request)


def _add_errors(app: Flask, outage: Outage) -> None:
    answer_failures(app, log)
    tell_requests(app, log, asker.name)

    @app.errorhandler(QueueUnavailable)
    def unavailable(problem: QueueUnavailable) -> Response:
        outage.note("push", problem)  # With the reason, which is not for callers.
        return respond(UNAVAILABLE)

    @app.errorhandler(ParseException)
    def no_http(_problem: ParseException) -> Response:
        return respond(Refused("bad_request", "the body is not valid HTTP"))
