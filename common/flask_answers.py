"""How Flask answers on both ports: its JSON, and each failure as a `Refused`."""

import logging

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from common.error_names import USUAL_STATUS
from common.refused import JSON, Refused

CRASHED = Refused("internal_error", "the server failed; its log says why")


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
        log.error("%s %s failed", request.method, request.path, exc_info=problem)
        return respond(CRASHED)


def respond(refused: Refused) -> Response:
    """The refusal as an answer of Flask."""
    response = Response(refused.body(), refused.status, content_type=JSON)
    response.headers.update(refused.headers)
    return response


def translated(problem: HTTPException) -> Refused:
    """What werkzeug refuses, in our words; a 405 names the right methods (RFC 9110 15.5.6)."""
    name = problem.name.lower().replace(" ", "_")
    if USUAL_STATUS.get(name) != problem.code:
        name = "internal_error" if problem.code == 500 else "bad_request"
    allowed = problem.valid_methods if isinstance(problem, MethodNotAllowed) else None
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return Refused(name, problem.description or problem.name, headers)
