"""`GET /metrics` on the WebSocket port, for who has METRICS_TOKEN. For all others it is not there.

So listeners never see it, whatever a proxy passes on.
"""

from importlib import import_module

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from common.metrics.metrics import Metrics, is_right


def add_metrics(app: Flask, found: Metrics, token: str) -> None:
    """Add the route."""
    # What writes them takes a seventh of a start to load.
    text = import_module("common.metrics.text") if token else None

    @app.get("/metrics")
    def metrics() -> Response:
        if text is None or not is_right(token, request.headers.get("Authorization", "")):
            raise NotFound
        body, kind = text.written(found.read(), request.headers.get("Accept", ""))
        return Response(body, content_type=kind, headers={"Cache-Control": "no-store"})
