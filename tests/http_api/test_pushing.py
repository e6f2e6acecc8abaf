"""Each push is counted once, by its result: through Flask as at the door."""

from contextlib import closing
from typing import Any

import pytest
from flask import Flask

from common.errors import QueueUnavailable
from common.serving.door.plain import read_head
from config.settings import Settings
from http_api.app import METRICS, PLAIN_PUSH
from http_api.plain_push import PlainPush
from tests.support.door import FakeCaller
from tests.support.fakes import FakeCommits, FakeQueue
from tests.support.reads import Stores

TOKEN = "0123456789abcdef"
FORM = "application/x-www-form-urlencoded"


def push_with_flask(app: Flask, body: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": FORM}
    app.test_client().post("/push", data=body, headers=headers)


def push_at_door(app: Flask, body: str, token: str) -> None:
    plain: PlainPush = app.extensions[PLAIN_PUSH]
    head = read_head(
        f"POST /push HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    assert head is not None
    with closing(FakeCaller()) as caller:
        plain.answer(head[0], body.encode(), caller, lambda _: None)


def counted(app: Flask) -> dict[str, Any]:
    return {
        name: {label: count for label, count in values.items() if count}
        for name, values in app.extensions[METRICS].numbers.snapshot().items()
    }


@pytest.mark.parametrize("push", [push_with_flask, push_at_door])
@pytest.mark.parametrize(
    ("body", "token", "fault", "result"),
    [
        ("content=a", TOKEN, None, "success"),
        ("content=", TOKEN, None, "content_empty"),
        ("content=a&channel=!", TOKEN, None, "bad_channel"),
        ("content=a", "wrong", None, "unauthorized"),
        ("content=a", TOKEN, QueueUnavailable("gone"), "queue_unavailable"),
    ],
)
def test_a_push_counts_once(
    push: Any, body: str, token: str, fault: Exception | None, result: str
) -> None:
    queue = FakeQueue()
    queue.fault = fault
    app = Stores().app(Settings(push_tokens=(("shop", TOKEN),)), queue)
    app.extensions[PLAIN_PUSH].commit_to(FakeCommits(queue), 0)

    push(app, body, token)

    assert counted(app)["pushes_total"] == {result: 1}
    assert counted(app)["push_messages_total"] == ({"shop": 1} if result == "success" else {})


def test_a_batch_is_one_push_of_many_messages() -> None:
    app = Stores().app()
    client = app.test_client()

    client.post("/push/batch", json=["a", "b", "c"])
    client.post("/push/batch", json=[])
    client.get("/push/batch")  # No push at all.

    assert counted(app)["pushes_total"] == {"success": 1, "empty_batch": 1}
    assert counted(app)["push_messages_total"] == {"anybody": 3}
