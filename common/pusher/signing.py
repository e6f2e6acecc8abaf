"""What Pusher's clients and backends sign with the secret of an application, and how it is checked.

A right signature is compared in constant time, and is in no answer. No I/O here.
"""

import hmac
from hashlib import sha256

from common.pusher.apps import App


def signature(app: App, text: bytes) -> str:
    """The signature of a text."""
    return hmac.digest(app.secret.encode(), text, sha256).hex()


def is_signed(app: App, text: bytes, given: str) -> bool:
    """Whether `given` is the signature of the text."""
    return hmac.compare_digest(signature(app, text).encode(), given.encode(errors="replace"))


def is_authorised(app: App, text: str, auth: str) -> bool:
    """Whether `auth`, as `key:signature`, is of this application and signs the text."""
    key, colon, given = auth.partition(":")
    return bool(colon) and key == app.key and is_signed(app, _bytes(text), given)


def of_channel(socket_id: str, channel: str, channel_data: str | None = None) -> str:
    """What is signed to let a socket subscribe; `channel_data` as the client sends it."""
    text = f"{socket_id}:{channel}"
    return text if channel_data is None else f"{text}:{channel_data}"


def of_user(socket_id: str, user_data: str) -> str:
    """What is signed to sign a user in; `user_data` as the client sends it."""
    return f"{socket_id}::user::{user_data}"


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # Any text of JSON, also half of a pair.
