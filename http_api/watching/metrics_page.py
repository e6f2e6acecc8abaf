"""`GET /metrics`: numbers for Prometheus. If METRICS_TOKEN is set, it decides who reads them.

If not, they are read like everything else.
"""

from flask import Flask, Response, request

from common.metrics.metrics import Metrics, is_right
from common.metrics.text import written
from common.refused import Refused
from http_api.watching.collector import of_redis
from http_api.watching.stats import Stats


def add_metrics(app: Flask, found: Metrics, stats: Stats, token: str) -> None:
    """Add the route."""

    @app.get("/metrics")
    def metrics() -> Response:
        if token and not is_right(token, request.headers.get("Authorization", "")):
            raise Refused("unauthorized", "METRICS_TOKEN is needed: Authorization: Bearer TOKEN")
        snapshot = {**found.read(), **of_redis(stats.read())}
        text, kind = written(snapshot, request.headers.get("Accept", ""))
        return Response(text, content_type=kind, headers={"Cache-Control": "no-store"})
