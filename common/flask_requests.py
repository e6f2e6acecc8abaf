"""What Flask's applications on both ports tell of requests, and the id that each answer carries.

A line names the route and never the address that was asked for: that may hold a token or a content.
"""

import logging
from collections.abc import Callable

from flask import Flask, Response, g, request

from common.flask_answers import RefusedResponse, id_of_request, route
from common.journal import request_id
from common.journal.kind import Kind

READING = ("GET", "HEAD", "OPTIONS")
# In words of their own, with what they were.
TOLD_OTHERWISE = ("push_index", "push_batch", "pusher.events", "pusher.batch_events")


def tell_requests(app: Flask, log: logging.Logger, asker: Callable[[], str | None]) -> None:
    """Log what is refused and what changes something; at `debug` the rest.

    `asker` gives the name of who asks, or None. An answer carries X-Request-Id if the request did,
    or if it is a refusal.
    """
    refusals, changes = Kind(log, "refused"), Kind(log, "request")
    others = Kind(log, "request", logging.DEBUG)

    @app.after_request
    def tell(response: Response) -> Response:
        if response.status_code >= 400:
            response.headers[request_id.HEADER] = id_of_request()
            address = request.environ.get("REMOTE_ADDR")
            error = response.error if isinstance(response, RefusedResponse) else None
            _line(refusals, "refused ", response, error=error, address=address, by=asker())
            return response
        if request_id.given(request.environ.get(request_id.IN_ENVIRON)):
            response.headers[request_id.HEADER] = id_of_request()
        if request.endpoint not in TOLD_OTHERWISE:
            _line(others if request.method in READING else changes, "", response, by=asker())
        return response


def _line(kind: Kind, what: str, response: Response, **fields: str | None) -> None:
    id_ = g.get("request_id")
    kind.tell(
        f"{what}%s %s", request.method, route(), status=response.status_code, **fields, request=id_
    )
