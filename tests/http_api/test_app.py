import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from common.errors import QueueUnavailable
from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue

JSON = "application/json"
TOO_LARGE = "request_entity_too_large"

FAILURES = [
    (404, "not_found", {"path": "/nowhere"}),
    (404, "not_found", {"path": "/pushes"}),
    (404, "not_found", {"path": "/static/nothing.js"}),
    (405, "method_not_allowed", {"path": "/push", "method": "DELETE"}),
    (405, "method_not_allowed", {"path": "/push/batch", "method": "GET"}),
    (
        413,
        "request_entity_too_large",
        {"path": "/push", "method": "POST", "data": {"content": "a" * 99}},
    ),
    (
        413,
        "request_entity_too_large",
        {"path": "/push", "method": "POST", "json": {"content": "a" * 99}},
    ),
    (
        413,
        "request_entity_too_large",
        {"path": "/push/batch", "method": "POST", "json": ["a"] * 99},
    ),
    (413, "content_too_large", {"path": "/push?content=123456789"}),
    (415, "unsupported_media_type", {"path": "/push", "method": "POST", "data": b"a"}),
    (422, "invalid_json", {"path": "/push", "method": "POST", "data": b"a", "content_type": JSON}),
    (422, "json_not_object", {"path": "/push", "method": "POST", "json": []}),
    (422, "content_not_text", {"path": "/push", "method": "POST", "json": {"content": True}}),
    (422, "empty_batch", {"path": "/push/batch", "method": "POST", "json": []}),
]


@pytest.fixture
def http(queue: FakeQueue) -> FlaskClient:
    """A client of an API with small limits."""
    settings = Settings(max_content_bytes=8, max_body_bytes=64, ws_port=4321)
    return create_app(settings, queue, FakePresenceReader()).test_client()


@pytest.mark.parametrize(("status", "error", "request_"), FAILURES)
def test_every_failure_has_the_same_shape(
    http: FlaskClient, queue: FakeQueue, status: int, error: str, request_: dict[str, Any]
) -> None:
    response = http.open(**request_)
    body = response.get_json()

    assert (response.status_code, response.mimetype) == (status, JSON)
    assert body == {"code": -1, "msg": body["msg"], "error": error}
    assert isinstance(body["msg"], str)
    assert body["msg"]
    assert queue.pushes == []


def test_a_failure_in_a_batch_has_the_index_besides(http: FlaskClient) -> None:
    response = http.post("/push/batch", json=["a", {"to": "b"}])

    assert response.status_code == 422
    assert response.get_json() == {
        "code": -1,
        "msg": "there is no field 'to'",
        "error": "unknown_field",
        "index": 1,
    }


@pytest.mark.parametrize("path", ["/push?content=a", "/readyz"])
def test_an_unavailable_queue_is_answered_503(
    http: FlaskClient, queue: FakeQueue, path: str
) -> None:
    queue.fault = QueueUnavailable("connection refused")
    response = http.get(path)

    assert response.status_code == 503
    assert response.get_json() == {
        "code": -1,
        "msg": "the queue is unavailable, try again",
        "error": "queue_unavailable",
    }


def test_a_crash_is_logged_and_tells_the_caller_nothing_of_it(
    http: FlaskClient, queue: FakeQueue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.fault = RuntimeError("a secret of ours")
    response = http.get("/push?content=hello")

    assert response.status_code == 500
    assert response.get_json() == {
        "code": -1,
        "msg": "the server failed; its log says why",
        "error": "internal_error",
    }
    id_ = response.headers["X-Request-Id"]
    told = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert told == [f"GET /push failed (request {id_})"]
    assert "a secret of ours" in caplog.text
    assert "hello" not in caplog.text


def test_a_wrong_method_is_told_the_right_ones(http: FlaskClient) -> None:
    allowed = http.delete("/push").headers.get("Allow", "")

    assert {"GET", "POST"} <= set(allowed.split(", "))  # RFC 9110 15.5.6 wants it.


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/push", "GET, OPTIONS, POST"),
        ("/push/batch", "OPTIONS, POST"),
        ("/users/1", "GET, HEAD, OPTIONS"),
        ("/users/1/connections", "DELETE, OPTIONS"),
        ("/channels/a", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/readyz", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_what_is_said_to_be_allowed_is_and_nothing_else(
    http: FlaskClient, queue: FakeQueue, path: str, methods: str
) -> None:
    asked = http.options(path)

    assert (asked.status_code, ", ".join(sorted(asked.allow))) == (200, methods)
    assert "Access-Control-Allow-Origin" not in asked.headers
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "A"):
        with http.open(path, method=method) as response:
            is_allowed = method in methods.split(", ")
            assert (response.status_code != 405) == is_allowed, method
            assert is_allowed or response.headers["Allow"] == methods
    queue.take()


@pytest.mark.parametrize("path", ["/", "/push", "/anything", "/events"])
def test_a_websocket_is_told_the_other_port(http: FlaskClient, queue: FakeQueue, path: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "WebSocket", "Sec-WebSocket-Version": "13"}
    response = http.get(path, headers=headers, query_string={"content": "a"})
    body = response.get_json()

    assert (response.status_code, body["error"]) == (400, "wrong_port")
    assert "4321" in body["msg"]
    assert queue.pushes == []


@pytest.mark.parametrize("path", ["/events", "/events/", "/any/events?channels=a"])
def test_who_wants_events_is_told_the_other_port(http: FlaskClient, path: str) -> None:
    response = http.get(path)

    assert (response.status_code, response.get_json()["error"]) == (400, "wrong_port")
    assert "4321" in response.get_json()["msg"]


def test_where_there_is_a_public_address_a_listener_is_told_that() -> None:
    settings = Settings(ws_public_url="wss://push.example.com/ws")
    http = create_app(settings, FakeQueue(), FakePresenceReader()).test_client()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}

    assert "at wss://push.example.com/ws" in http.get("/", headers=upgrade).get_json()["msg"]
    assert "at https://push.example.com/ws/events" in http.get("/events").get_json()["msg"]


def test_another_upgrade_is_none_of_this(http: FlaskClient) -> None:
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}

    assert http.get("/push?content=a", headers=headers).status_code == 200


def test_all_that_is_json_says_in_which_text(http: FlaskClient) -> None:
    for path in ("/push", "/push?content=a", "/healthz", "/openapi.json", "/nowhere"):
        assert http.get(path).headers["Content-Type"] == "application/json; charset=utf-8"


def test_the_process_is_healthy_even_without_redis(http: FlaskClient, queue: FakeQueue) -> None:
    queue.fault = QueueUnavailable("connection refused")
    response = http.get("/healthz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_the_process_is_ready_when_redis_answers(http: FlaskClient) -> None:
    response = http.get("/readyz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})
