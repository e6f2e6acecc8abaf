"""Which triggers the door answers; that it does as Flask does, a property test says."""

import logging
from typing import Any

import pytest
from flask import Flask

from common.errors import QueueUnavailable
from common.message import Message
from common.serving.door.answer import Answer
from config.settings import Settings
from http_api.app import METRICS
from tests.support.fakes import FakeQueue
from tests.support.pusher_door import answer, at_door, body_of, head, head_of
from tests.support.pusher_http import TWO
from tests.support.reads import Stores

EVENT = {"name": "paid", "channel": "orders", "data": "{}"}
# Recorded; what each library sends with a trigger.
HEADERS = {
    "node": "x-pusher-library: pusher-http-node 5.2.0\r\ncontent-type: application/json\r\n"
    "Accept: */*\r\nUser-Agent: node-fetch/1.0 (+https://github.com/bitinn/node-fetch)\r\n"
    "Accept-Encoding: gzip,deflate\r\nConnection: close\r\n",
    "go": "User-Agent: Go-http-client/1.1\r\nContent-Type: application/json\r\n"
    "X-Pusher-Library: pusher-http-go 5.1.1\r\nAccept-Encoding: gzip\r\n",
    "php": "User-Agent: GuzzleHttp/7\r\nContent-Type: application/json\r\n"
    "X-Pusher-Library: pusher-http-php 7.2.7\r\n",
    "webman": "Accept: */*\r\nContent-Type: application/json\r\n",
}


@pytest.fixture
def app(queue: FakeQueue) -> Flask:
    return Stores().app(Settings(pusher_apps=TWO, max_content_bytes=99), queue)


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_what_libraries_send_is_answered_here(app: Flask, queue: FakeQueue, headers: str) -> None:
    both = at_door(app, queue)

    assert answer(both, head(EVENT, headers=headers), body_of(EVENT)) == Answer(200, b"{}")
    assert queue.take() == [Message("{}", ("orders",), "paid").to_item()]


def test_a_push_is_still_a_push(app: Flask, queue: FakeQueue) -> None:
    form = head_of("/push", "content=a")
    assert form is not None

    told = answer(at_door(app, queue), form, b"")

    assert told is not None
    assert told.body == b'{"code":0,"msg":"success"}\n'
    assert queue.take() == [b"a"]


@pytest.mark.parametrize(
    ("document", "other"),
    [
        (EVENT, {"auth_signature": "0" * 64}),
        (EVENT, {"auth_timestamp": "1"}),
        (EVENT, {"body_md5": "0" * 32}),
        (EVENT, {"path": "/apps/7/events"}),  # Of another application.
        (EVENT, {"path": "/apps/3/more/events"}),
        (EVENT, {"path": "/apps/events"}),
        (EVENT, {"headers": "X-Request-Id: r1\r\n"}),
        (b"{", {}),
        ({**EVENT, "name": ""}, {}),
        ({**EVENT, "data": "a" * 100}, {}),
        ({**EVENT, "info": "subscription_count"}, {}),
    ],
)
def test_the_rest_is_left_to_flask(
    app: Flask, queue: FakeQueue, document: Any, other: dict[str, Any]
) -> None:
    assert answer(at_door(app, queue), head(document, **other), body_of(document)) is None
    assert queue.pushes == []


BATCH, ROUTE = {"batch": [EVENT, {**EVENT, "channel": "b"}]}, "/apps/3/batch_events"


def test_a_small_batch_is_answered_here(app: Flask, queue: FakeQueue) -> None:
    told = answer(at_door(app, queue), head(BATCH, ROUTE), body_of(BATCH))

    assert told == Answer(200, b"{}")
    assert queue.pushes == [[Message("{}", (name,), "paid").to_item() for name in ("orders", "b")]]
    assert app.extensions[METRICS].numbers.snapshot()["push_messages_total"] == {"pusher:3": 2}


@pytest.mark.parametrize(
    "batch",
    [
        {"batch": []},
        {"batch": [EVENT, {**EVENT, "name": ""}]},
        {"batch": [EVENT, {**EVENT, "info": "subscription_count"}]},
        {"batch": [{**EVENT, "data": "x" * 90}] * 200},
    ],
)
def test_other_batches_are_left_to_flask(app: Flask, queue: FakeQueue, batch: Any) -> None:
    assert answer(at_door(app, queue), head(batch, ROUTE), body_of(batch)) is None
    assert queue.pushes == []


def test_what_is_too_long_is_left_to_flask(app: Flask, queue: FakeQueue) -> None:
    assert not at_door(app, queue).takes(head(EVENT), 10**9, is_whole=True)


def test_no_strangers_body_is_waited_for(app: Flask, queue: FakeQueue) -> None:
    both = at_door(app, queue)

    assert both.takes(head(EVENT), 100, is_whole=False)
    assert not both.takes(head(EVENT, auth_signature="0" * 64), 100, is_whole=False)


@pytest.mark.parametrize("limit", ["token_requests_per_second", "address_messages_per_second"])
def test_where_something_is_counted_flask_counts(queue: FakeQueue, limit: str) -> None:
    settings = Settings(pusher_apps=TWO, **{limit: 5.0})  # type: ignore[arg-type]

    assert answer(at_door(Stores().app(settings), queue), head(EVENT), body_of(EVENT)) is None


def test_without_redis_it_says_so_in_plain_text(app: Flask, queue: FakeQueue) -> None:
    queue.fault = QueueUnavailable("it is away")

    told = answer(at_door(app, queue), head(EVENT), body_of(EVENT))

    assert told is not None
    assert (told.status, told.kind) == (503, "text/plain; charset=utf-8")
    assert told.body == b"the queue is unavailable, try again\n"
    assert app.extensions[METRICS].numbers.snapshot()["pushes_total"]["queue_unavailable"] == 1


def test_it_counts_for_its_application_and_is_told(
    queue: FakeQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "http_api.plain_trigger")
    app = Stores().app(Settings(pusher_apps=TWO), queue)

    answer(at_door(app, queue), head(EVENT, app=TWO[1], path="/apps/7/events"), body_of(EVENT))

    assert app.extensions[METRICS].numbers.snapshot()["push_messages_total"] == {"pusher:7": 1}
    (record,) = caplog.records
    assert record.getMessage() == "push to 7:orders"
    assert record.__dict__["told"] == {"bytes": 2, "by": "pusher:7"}


def test_redis_is_known_to_be_back_after_a_trigger(
    app: Flask, queue: FakeQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "common.outage")
    both, queue.fault = at_door(app, queue), QueueUnavailable("it is away")
    answer(both, head(EVENT), body_of(EVENT))
    assert len(caplog.records) == 1

    queue.fault = None
    answer(both, head(EVENT), body_of(EVENT))

    assert len(caplog.records) == 2
