"""What a client is told in Pusher's protocol, but for messages: frames with one event. No I/O here.

`data` is the text of JSON, as Pusher has it, and not JSON itself; but for errors, where it is.
"""

import json
from collections.abc import Mapping
from functools import lru_cache

from ws_server.wire.bodies import OURS, as_json
from ws_server.wire.frames import TEXT, frame

# Seconds of silence after which a client asks whether the server is there. The server pings by
# itself, and more often: a client notices that only if its library is told of WebSocket pings.
ACTIVITY_TIMEOUT = 120
SUBSCRIBED = "pusher_internal:subscription_succeeded"
UNAUTHORIZED = 401
MOST_CHANNELS = 1000  # Of which the answer to a subscription is kept: many clients get the same.

_text = json.JSONEncoder(separators=(",", ":")).encode


def _event(name: str, data: object, channel: str | None = None) -> bytes:
    fields = {"event": name} if channel is None else {"event": name, "channel": channel}
    text = data if isinstance(data, str) else _text(data)
    return frame(TEXT, as_json({**fields, "data": text}))


PING, PONG = _event("pusher:ping", {}), _event("pusher:pong", {})


_ESTABLISHED = as_json(
    {
        "event": "pusher:connection_established",
        "data": _text({"socket_id": "%s", "activity_timeout": ACTIVITY_TIMEOUT}),
    }
)


def established(socket_id: str) -> bytes:
    """The first thing that is said."""
    return frame(TEXT, _ESTABLISHED % socket_id.encode())


def error(reason: str, code: int | None = None) -> bytes:
    """Something that was said, or the whole connection, was wrong."""
    data = {"code": code, "message": reason}
    return frame(TEXT, as_json({"event": "pusher:error", "data": data}))


def subscribed(channel: str, data: object = None) -> bytes:
    """From now on it gets what comes on the channel."""
    if data is None:
        return _subscribed(channel)
    return _event(SUBSCRIBED, data, channel)


@lru_cache(MOST_CHANNELS)
def _subscribed(channel: str) -> bytes:
    return _event(SUBSCRIBED, {}, channel)


def not_subscribed(channel: str, kind: str, reason: str, status: int) -> bytes:
    """It may not, or cannot."""
    data = {"type": kind, "error": reason, "status": status}
    return _event("pusher:subscription_error", data, channel)


def unauthorized(channel: str) -> bytes:
    """The signature is not right. What the right one would be is said nowhere."""
    return not_subscribed(channel, "AuthError", "the signature is not valid", UNAUTHORIZED)


def cache_miss(channel: str) -> bytes:
    """Nothing has come on the channel that is still known."""
    return _event("pusher:cache_miss", {}, channel)


def signed_in(user_data: str) -> bytes:
    """Its user is known."""
    return _event("pusher:signin_success", {"user_data": user_data})


def gap(channel: str | None, told: Mapping[str, object]) -> bytes:
    """Messages are missing: the one event that is ours, and not Pusher's."""
    return _event(f"{OURS}gap", told, channel)
