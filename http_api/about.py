"""`GET /about`: what a page or a program must know of this server to push and to listen.

It is what the settings of the HTTP API say: no other process is asked, and Redis is not. No
secret, no token and no password is in it.
"""

from dataclasses import asdict
from typing import Any

from flask import Flask, Response, jsonify, request

from common.version import running_version
from config.public_url import events_url
from config.redis_place import RedisPlace
from config.settings import Settings
from http_api.access import asker
from http_api.access.scope import SIGN, Scope
from http_api.reading.answers import SUCCESS
from http_api.tokens.signer import Signer

ANY_ORIGIN = "*"


class About:
    """The answer, made once but for what is of who asks."""

    def __init__(self, settings: Settings) -> None:
        self._answer: dict[str, Any] = {
            **SUCCESS,
            "version": running_version(),
            "delivery": settings.delivery,
            "poll_interval": settings.poll_interval,
            "prefix": settings.message_prefix,
            "key": settings.message_center_key,
            "redis": asdict(RedisPlace.of(settings.redis_url)),
            "push": {"tokens": settings.needs_push_token},
            "listen": _listen(settings),
            "dialects": _dialects(settings),
            "limits": {
                "content_bytes": settings.max_content_bytes,
                "channels": settings.max_channels,
            },
        }

    def read(self, scope: Scope | None, *, signs: bool) -> dict[str, Any]:
        """All of it for who has this scope; `signs`: whether tokens would be signed at all."""
        may_sign = scope is None or scope.may(SIGN)
        push = {**self._answer["push"], "scope": None if scope is None else scope.shown()}
        return {**self._answer, "push": push, "signs": signs and may_sign}


def add_about(app: Flask, settings: Settings, signer: Signer) -> None:
    """Add the route."""
    answer = About(settings)

    @app.get("/about")
    def about() -> Response:
        signs = signer.why_not(request.environ) is None
        response = jsonify(answer.read(asker.scope(), signs=signs))
        response.headers["Cache-Control"] = "no-store"
        return response


def _dialects(settings: Settings) -> dict[str, Any]:
    """Of several applications the first. Its key is no secret: every page has it."""
    apps = [{"id": id_, "key": key} for id_, key, _ in settings.pusher_apps]
    return {"pusher": apps[0] if apps else None, "socket_io": settings.socket_io}


def _listen(settings: Settings) -> dict[str, Any]:
    url, origins = settings.ws_public_url or None, settings.allowed_origins
    tokens = "jwks" if settings.subscribe_jwks_file else "none"
    return {
        "url": url,
        "events": None if url is None else events_url(url),
        "port": settings.ws_port,
        "tokens": "secret" if settings.subscribe_secret else tokens,
        "origins": None if ANY_ORIGIN in origins else list(origins),
    }
