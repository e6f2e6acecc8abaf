"""`GET /metrics`: numbers for Prometheus. If METRICS_TOKEN is set, it decides who reads them.

If not, they are read like everything else.
"""

from importlib import import_module

from flask import Flask, Response, request

from common.metrics.metrics import Metrics, is_right
from common.metrics.numbers import Snapshot
from common.refused import Refused
from config.settings import Settings
from http_api.watching.collector import of_redis
from http_api.watching.stats import Stats


def add_metrics(app: Flask, found: Metrics, stats: Stats, settings: Settings) -> None:
    """Add the route."""
    token = settings.metrics_token

    @app.get("/metrics")
    def metrics() -> Response:
        if token and not is_right(token, request.headers.get("Authorization", "")):
            raise Refused("unauthorized", "METRICS_TOKEN is needed: Authorization: Bearer TOKEN")
        snapshot = {**found.read(), **_known_by_redis(stats, settings.poll_interval)}
        # What writes them takes a seventh of a start to load, and many never ask.
        text = import_module("common.metrics.text")
        body, kind = text.written(snapshot, request.headers.get("Accept", ""))
        return Response(body, content_type=kind, headers={"Cache-Control": "no-store"})


def _known_by_redis(stats: Stats, poll_interval: float) -> Snapshot:
    try:
        return of_redis(stats.read(), poll_interval)
    except Refused:  # Many wait for Redis: all the more somebody has to see the rest.
        return {}
