import json
import logging

import pytest
from flask import Flask

from common.errors import QueueUnavailable
from common.message import Kick, Message
from common.store.listener_counts import Count
from config.settings import Settings
from http_api.access import turns
from http_api.app import METRICS
from http_api.reading.reading import AT_A_TIME
from tests.support.fakes import FakeQueue
from tests.support.pusher_http import TWO, Backend
from tests.support.reads import Stores


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def app(stores: Stores, queue: FakeQueue) -> Flask:
    return stores.app(Settings(pusher_apps=TWO, max_channels=3, max_content_bytes=100), queue)


@pytest.fixture
def backend(app: Flask) -> Backend:
    return Backend(app)


def test_an_event_is_pushed(backend: Backend, queue: FakeQueue) -> None:
    response = backend.trigger(["orders", "news"], "paid", '{"n":1}', socket_id="1.2")

    assert (response.status_code, response.text) == (200, "{}")
    assert response.mimetype == "application/json"
    assert queue.take() == [Message('{"n":1}', ("orders", "news"), "paid", "1.2").to_item()]


def test_each_application_pushes_to_its_own_channels(app: Flask, queue: FakeQueue) -> None:
    Backend(app, TWO[1]).trigger(["orders", "#server-to-user-42"])

    assert queue.take() == [Message("{}", ("7:orders", "user:7:42"), "paid").to_item()]


def test_who_triggers_can_ask_who_listens(
    backend: Backend, stores: Stores, queue: FakeQueue
) -> None:
    stores.counts.channels |= {"orders": Count(5, 0), "presence-a": Count(3, 2)}

    both = backend.trigger(["orders", "presence-a"], info="user_count,subscription_count")
    of_batch = backend.post(
        "/batch_events",
        {
            "batch": [
                {"channel": "orders", "name": "a", "data": "", "info": "subscription_count"},
                {"channel": "orders", "name": "b", "data": ""},
            ]
        },
    )

    assert both.get_json() == {
        "channels": {
            "orders": {"subscription_count": 5},
            "presence-a": {"subscription_count": 3, "user_count": 2},
        }
    }
    assert of_batch.get_json() == {"batch": [{"subscription_count": 5}, {}]}
    assert len(queue.pushes) == 2


def test_nothing_is_pushed_if_nobody_can_say_who_listens(
    backend: Backend, stores: Stores, queue: FakeQueue
) -> None:
    """Who is answered with a failure triggers again: it would come twice."""
    stores.counts.fault = QueueUnavailable("gone")
    event = {"channel": "orders", "name": "a", "data": "", "info": "subscription_count"}

    answers = [backend.post("/events", event), backend.post("/batch_events", {"batch": [event]})]

    assert [each.status_code for each in answers] == [503, 503]
    assert queue.pushes == []


def test_a_batch_is_one_push_or_none(backend: Backend, queue: FakeQueue) -> None:
    right = {"channel": "a", "name": "first", "data": "1"}
    both = {"batch": [right, {**right, "channel": "b", "socket_id": "3.4"}]}
    one_wrong = {"batch": [right, {**right, "channel": ""}]}

    assert backend.post("/batch_events", both).text == "{}"
    assert backend.post("/batch_events", one_wrong).status_code == 400
    assert queue.pushes == [
        [Message("1", ("a",), "first").to_item(), Message("1", ("b",), "first", "3.4").to_item()]
    ]


def test_a_user_is_thrown_out_of_its_application(app: Flask, queue: FakeQueue) -> None:
    for of in TWO:
        answer = Backend(app, of).post("/users/42/terminate_connections", {})
        assert (answer.status_code, answer.text) == (200, "{}")

    assert queue.take() == [Kick("42").to_item(), Kick("7:42").to_item()]
    refused = Backend(app).post("/users/7:42/terminate_connections", {})
    assert (refused.status_code, queue.take()) == (400, [])
    assert "Invalid user id" in refused.text


def test_connections_are_those_that_speak_it(backend: Backend, stores: Stores) -> None:
    rates = {"settled": 0, "deliveries": 0}
    for process, connections in (("a", {"pusher": 3, "json": 9}), ("b", {"pusher": 2}), ("c", {})):
        said = {"kind": "ws", "started": 0, "rates": rates, "connections": connections}
        stores.beats.beat(process, said)
    stores.beats.beat("d", {"kind": "http", "started": 0, "rates": {"pushes": 0}})

    assert backend.get("/connections").get_json() == {"connections": 5}


def test_events_are_counted_by_their_application(app: Flask, backend: Backend) -> None:
    batch = {"batch": [{"channel": "a", "name": "b", "data": ""}] * 3}

    backend.trigger("orders")
    backend.trigger(["orders"])
    Backend(app, TWO[1]).post("/batch_events", batch)
    backend.trigger(["orders"], data="a" * 101)

    told = app.extensions[METRICS].numbers.snapshot()
    assert told["push_messages_total"] == {"pusher:3": 1, "pusher:7": 3}
    assert told["pushes_total"] == {
        "success": 2,
        "content_empty": 0,
        "bad_trigger": 1,
        "content_too_large": 1,
    }


def test_the_log_says_who_has_pushed_to_whom_and_never_what(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "http_api.pusher.backend")
    backend = Backend(stores.app(Settings(pusher_apps=TWO)))

    backend.trigger(["orders"], "secret-name", json.dumps("secret-data"))

    (record,) = caplog.records
    assert record.getMessage() == "push to orders"
    assert record.__dict__["told"] == {"bytes": 13, "by": "pusher:3"}


def test_others_have_a_turn_while_a_long_batch_is_read(
    backend: Backend, queue: FakeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(turns, "sleep", pauses.append)
    monkeypatch.setattr(turns, "TURN", 0)
    event = {"channel": "a", "name": "b", "data": ""}

    assert backend.post("/batch_events", {"batch": [event] * 1000}).status_code == 200

    assert len(queue.take()) == 1000
    assert len(pauses) >= 1000 // AT_A_TIME
