"""The routes of pushes, as Flask answers them; each is counted by its result."""

from flask import Flask, Request, Response, request

from common.flask_answers import RefusedResponse
from common.outage import Outage
from common.refused import JSON
from http_api.access import asker
from http_api.access.guard import TOKEN
from http_api.push import Push
from http_api.reading.answers import CONTENT_EMPTY_BODY, batch_body
from http_api.watching.tally import Tally

PUSHES = ("push_index", "push_batch", "pusher.events", "pusher.batch_events")


def add_push(app: Flask, push: Push, outage: Outage, tally: Tally) -> None:
    """Add them; `outage` is told when Redis has answered."""

    @app.route("/push", methods=["GET", "POST"])
    def push_index() -> Response:
        body = push.index(plain_request())
        if body is CONTENT_EMPTY_BODY:
            tally.empty += 1
        else:  # Redis has confirmed it.
            outage.note("push", None)
            tally.pushed_by(asker.callers().get(TOKEN)).count += 1
        return Response(body, content_type=JSON)

    for rule in app.url_map.iter_rules("push_index"):
        # Flask adds HEAD to every GET, but a HEAD must not push: it is no method of these routes.
        rule.methods = {"GET", "POST", "OPTIONS"}

    @app.post("/push/batch")
    def push_batch() -> Response:
        count = push.batch(plain_request())
        outage.note("push", None)
        tally.note_batch(asker.callers().get(TOKEN), count)
        return Response(batch_body(count), content_type=JSON)

    def plain_request() -> Request:
        # The request itself: `request` is a proxy, and some twenty uses of it take microseconds.
        plain: Request = request._get_current_object()  # type: ignore[attr-defined]
        return plain

    @app.after_request
    def count_refused(response: Response) -> Response:
        if isinstance(response, RefusedResponse) and request.endpoint in PUSHES:
            tally.refused[response.error] += 1
        return response
