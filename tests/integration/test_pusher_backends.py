"""Backends with the libraries of Pusher and webman, unchanged, at a real HTTP API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from common.message import Kick, Message
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from config.cli.embedded import EmbeddedValkey
from tests.support.pusher_backends import PREPARE, told
from tests.support.pusher_http import ONE, SETTING
from tests.support.system import System
from tests.support.websocket import LIMIT

HEARD = {"occupied": True, "subscription_count": 3}
# What all of them are answered, as far as a library has it.
TOLD: dict[str, Any] = {
    "trigger": {},
    "info": {
        "channels": {
            "presence-room": {"user_count": 2, "subscription_count": 3},
            "orders": {"subscription_count": 1},
        }
    },
    "batch": {},
    "user": {},
    "encrypted": {},
    "channels": {"channels": {"presence-room": {"user_count": 2, **HEARD}}},
    "channel": {"user_count": 2, **HEARD},
    "users": {"users": [{"id": "42"}, {"id": "7"}]},
    "terminate": {},
    "wrong": "401",
    "bad": "400",
}
OF_PYTHON = {"wrong": "PusherBadAuth", "bad": "PusherBadRequest"}  # Its own words for these.
LACKS = {
    "python": {"info"},
    "node": set[str](),
    "go": {"terminate"},
    "java": {"info", "user"},
    "php": set[str](),
    "webman": {"info", "batch", "user", "encrypted", "users", "terminate"},
}
PUSHED = {
    "trigger": [Message('{"n":1}', ("orders", "news"), "paid", "12.34")],
    "info": [Message('"text"', ("presence-room", "orders"), "said")],
    "batch": [
        Message('"消息"', ("orders",), "a"),
        Message('{"x":[1]}', ("private-b@x",), "b", "1.2"),
    ],
    "user": [Message('""', ("user:42",), "hello")],
}


@pytest.fixture(scope="module")
def key() -> str:
    return f"test-{uuid4().hex}"


@pytest.fixture(scope="module")
def system(
    valkey: EmbeddedValkey, key: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("backends"), valkey.url) as system:
        system.start_http(PUSHER_APPS=SETTING, MESSAGE_CENTER_KEY=key)
        yield system


@contextmanager
def present(client: redis.Redis, key: str) -> Iterator[None]:
    """Some listen: four connections of one process."""
    writer = RedisPresenceWriter(client, key, lease=LIMIT)
    users = {"42": 2, "7": 1}
    room, orders = ChannelCounts(3, users, dict.fromkeys(users, "")), ChannelCounts(1, {"": 1})
    writer.write(Changes({}, {"presence-room": room, "orders": orders}))
    client.delete(key)  # That they have come.
    yield
    writer.leave()


def queued(client: redis.Redis, key: str) -> list[Any]:
    """What is on the queue, the oldest first; data as the value that it says, if it says one."""
    items: Any = client.lrange(key, 0, -1)
    client.delete(key)
    return [_plain(item) for item in reversed(items)]


def _plain(item: bytes) -> Any:
    document = json.loads(item[1:])
    if "content" in document:
        content = document["content"]
        try:
            document["content"] = json.loads(content)
        except ValueError:
            document["content"] = content
    return document


@pytest.mark.parametrize("library", PREPARE)
def test_a_backend_pushes_and_asks_with_its_library(
    library: str, system: System, client: redis.Redis, key: str, tmp_path: Path
) -> None:
    command = PREPARE[library](tmp_path)
    with present(client, key):
        answers = told(command, system.http_port, ONE[0])
        items = queued(client, key)

    expected = TOLD | (OF_PYTHON if library == "python" else {})
    lacks = LACKS[library]
    assert answers == {name: told for name, told in expected.items() if name not in lacks}
    if "encrypted" not in lacks:
        (encrypted,) = (each for each in items if each.get("event") == "secret")
        assert encrypted["channels"] == ["private-encrypted-c"]
        assert set(encrypted["content"]) == {"nonce", "ciphertext"}
        items.remove(encrypted)
    pushed: list[Any] = [
        _plain(message.to_item())
        for name, messages in PUSHED.items()
        if name not in lacks
        for message in messages
    ]
    if "terminate" not in lacks:
        pushed.append(_plain(Kick("42").to_item()))
    assert items == pushed
