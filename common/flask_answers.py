"""How Flask answers on both ports: its JSON, and each failure as a `Refused`."""

import logging

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from common.error_names import USUAL_STATUS
from common.journal import request_id
from common.refused import JSON, Refused

CRASHED = Refused("internal_error", "the server failed; its log says why")
NOWHERE = "there is no such path on this port; /docs of the HTTP API lists them"


def speak_json(app: Flask) -> None:
    """Let `jsonify` say how its text is encoded, and leave Chinese as it is: people read it."""
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.mimetype = JSON  # type: ignore[attr-defined]


def answer_failures(app: Flask, log: logging.Logger) -> None:
    """Have whatever a view raises answered; what nobody foresaw is logged, too."""
    app.register_error_handler(Refused, respond)

    @app.errorhandler(HTTPException)
    def http_error(problem: HTTPException) -> Response:
        return respond(translated(problem))

    @app.errorhandler(Exception)
    def crashed(problem: Exception) -> Response:
        words = (request.method, route(), id_of_request())
        log.error("%s %s failed (request %s)", *words, exc_info=problem)
        return respond(CRASHED)


def id_of_request() -> str:
    """The id of the request that is being answered: its own, or one made now."""
    if "request_id" not in g:
        given = request_id.given(request.environ.get(request_id.IN_ENVIRON))
        g.request_id = given or request_id.made()
    found: str = g.request_id
    return found


def route() -> str:
    """The route as it is written, such as `/users/<user>`; never what was asked for."""
    return request.url_rule.rule if request.url_rule is not None else "(no route)"


class RefusedResponse(Response):
    """An answer that says which error it is."""

    error = ""


def respond(refused: Refused) -> Response:
    """The refusal as an answer of Flask."""
    response = RefusedResponse(refused.body(), refused.status, content_type=JSON)
    response.headers.update(refused.headers)
    response.error = refused.error
    return response


def translated(problem: HTTPException) -> Refused:
    """What werkzeug refuses, in our words; a 405 names the right methods (RFC 9110 15.5.6)."""
    name = problem.name.lower().replace(" ", "_")
    if USUAL_STATUS.get(name) != problem.code:
        name = "internal_error" if problem.code == 500 else "bad_request"
    allowed = problem.valid_methods if isinstance(problem, MethodNotAllowed) else None
    if allowed:
        methods = ", ".join(sorted(allowed))
        return Refused(name, f"this path takes only {methods}", {"Allow": methods})
    if problem.description == NotFound.description:
        return Refused(name, NOWHERE)
    return Refused(name, problem.description or problem.name)
