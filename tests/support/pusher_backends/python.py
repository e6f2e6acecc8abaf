"""A backend with Pusher's library for Python, `pusher`: `python.py PORT ID KEY SECRET`.

It prints what it was answered, as each of these programs does.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from pusher import Pusher
from pusher.errors import PusherError


def refusal(call: Callable[[], Any]) -> str:
    try:
        call()
    except PusherError as problem:
        return type(problem).__name__
    return "taken"


def main(port: str, id_: str, key: str, secret: str) -> None:
    def client(with_secret: str) -> Any:
        master = "ZUhQVldIZzduRkdZVkJzS2pPRkRYV1JyaWJJUjJiMGI="
        return Pusher(
            id_,
            key,
            with_secret,
            host="127.0.0.1",
            port=int(port),
            ssl=False,
            encryption_master_key_base64=master,
        )

    backend = client(secret)
    told = {
        "trigger": backend.trigger(["orders", "news"], "paid", {"n": 1}, "12.34"),
        "batch": backend.trigger_batch(
            [
                {"channel": "orders", "name": "a", "data": "消息"},
                {"channel": "private-b@x", "name": "b", "data": {"x": [1]}, "socket_id": "1.2"},
            ]
        ),
        "user": backend.trigger("#server-to-user-42", "hello", ""),
        "encrypted": backend.trigger("private-encrypted-c", "secret", "nobody reads it here"),
        "channels": backend.channels_info("presence-", ["user_count"]),
        "channel": backend.channel_info("presence-room", ["user_count", "subscription_count"]),
        "users": backend.users_info("presence-room"),
        "terminate": backend.terminate_user_connections("42"),
        "wrong": refusal(lambda: client("wrong-secret").trigger("orders", "paid", "")),
        "bad": refusal(lambda: backend.channel_info("orders", ["user_count"])),
    }
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
