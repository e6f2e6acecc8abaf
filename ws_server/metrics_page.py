"""`GET /metrics` on the WebSocket port, for who has METRICS_TOKEN. For all others it is not there.

So listeners never see it, whatever a proxy passes on.
"""

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from common.metrics.metrics import Metrics, is_right
from common.metrics.text import written


def add_metrics(app: Flask, found: Metrics, token: str) -> None:
    """Add the route."""

    @app.get("/metrics")
    def metrics() -> Response:
        if not (token and is_right(token, request.headers.get("Authorization", ""))):
            raise NotFound
        text, kind = written(found.read(), request.headers.get("Accept", ""))
        return Response(text, content_type=kind, headers={"Cache-Control": "no-store"})
