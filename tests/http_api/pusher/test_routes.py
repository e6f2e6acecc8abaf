from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from common.errors import QueueUnavailable
from config.settings import Settings
from tests.support.fakes import FakeQueue
from tests.support.pusher_http import ONE, SECRET, TWO, Backend, query, sign, signed
from tests.support.reads import Stores

EVENT = {"name": "paid", "channel": "orders", "data": "{}"}
TOKEN = "0123456789abcdef"


@pytest.fixture
def app(queue: FakeQueue) -> Flask:
    return Stores().app(Settings(pusher_apps=TWO, max_body_bytes=1000, max_content_bytes=99), queue)


@pytest.fixture
def backend(app: Flask) -> Backend:
    return Backend(app)


def test_without_applications_there_is_nothing_of_it() -> None:
    app = Stores().app()
    served = {rule.rule for rule in app.url_map.iter_rules()}

    assert not [rule for rule in served if rule.startswith(("/apps", "/up"))]
    assert app.test_client().get("/up").status_code == 404


def test_up_needs_no_signature(app: Flask) -> None:
    assert app.test_client().get("/up").get_json() == {"health": "OK"}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/events", EVENT),
        ("/batch_events", {"batch": [EVENT]}),
        ("/users/42/terminate_connections", {}),
    ],
)
def test_what_changes_something_is_signed(
    app: Flask, backend: Backend, queue: FakeQueue, route: str, body: Any
) -> None:
    unsigned = app.test_client().post(f"/apps/3{route}", json=body)

    assert (unsigned.status_code, queue.pushes) == (401, [])
    assert backend.post(route, body, auth_signature="0" * 64).status_code == 401
    assert backend.post(route, body, body_md5="0" * 32).status_code == 401
    assert backend.post(route, body, auth_timestamp="1").status_code == 401
    assert queue.pushes == []
    assert backend.post(route, body).status_code == 200
    assert len(queue.pushes) == 1


@pytest.mark.parametrize(
    "route", ["/channels", "/channels/orders", "/channels/presence-a/users", "/connections"]
)
def test_what_is_read_is_signed(app: Flask, backend: Backend, route: str) -> None:
    path = f"/apps/3{route}"
    wrong = query(signed("GET", path, auth_signature="0" * 64))

    assert app.test_client().get(path).status_code == 401
    assert app.test_client().get(f"{path}?{wrong}").status_code == 401
    assert backend.get(route).status_code == 200


def test_a_refusal_is_a_sentence_in_plain_text(app: Flask, backend: Backend) -> None:
    response = backend.trigger("orders", name="")

    assert (response.status_code, response.mimetype) == (400, "text/plain")
    assert response.text == "name must be text of 1 to 200 characters\n"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    unsigned = app.test_client().get("/apps/3/channels")
    assert unsigned.text == "Missing parameter: auth_key\n"
    assert unsigned.headers["WWW-Authenticate"] == "Pusher"


def test_no_answer_holds_the_right_signature(app: Flask) -> None:
    path = "/apps/3/channels"
    wrong = signed("GET", path, auth_signature="0" * 64)
    right = sign(SECRET, "GET", path, wrong[:-1])

    response = app.test_client().get(f"{path}?{query(wrong)}")

    assert response.status_code == 401
    assert right not in f"{response.text}{response.headers}"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"no json"),
        (400, b"\xff\xfe\xfd"),
        (400, b'{"name":"a","name":"b"}'),
        (400, {**EVENT, "channels": ["a"] * 101, "channel": None}),
        (413, {**EVENT, "data": "a" * 100}),
        (413, {**EVENT, "more": "a" * 1000}),
    ],
)
def test_what_is_wrong_is_not_pushed(
    backend: Backend, queue: FakeQueue, status: int, body: Any
) -> None:
    response = backend.post("/events", body)

    assert (response.status_code, response.mimetype) == (status, "text/plain")
    assert queue.pushes == []


def test_a_long_body_is_not_read_before_it_is_known_who_sends_it(app: Flask) -> None:
    """Else anybody could fill the memory for bodies."""
    response = app.test_client().post("/apps/3/events", data=b"a" * 5000)

    assert response.status_code == 401


def test_redis_is_awaited_no_longer_than_by_others(backend: Backend, queue: FakeQueue) -> None:
    queue.fault = QueueUnavailable("it is away")

    response = backend.trigger(["orders"])

    assert (response.status_code, response.mimetype) == (503, "text/plain")
    assert "it is away" not in response.text


def test_the_application_is_found_by_its_key(app: Flask, queue: FakeQueue) -> None:
    """webman writes 1024 for all; but nobody writes the id of another application."""
    body = b'{"name":"a","channels":["b"],"data":"c"}'

    def post(path: str, of: tuple[str, str, str]) -> TestResponse:
        asked = query(signed("POST", path, body, app=of, auth_version=""))
        return app.test_client().post(f"{path}?{asked}", data=body)

    assert post("/apps/1024/events", TWO[1]).status_code == 200
    assert b'"7:b"' in queue.take()[0]
    assert post("/apps/3/events", TWO[1]).status_code == 401
    assert queue.take() == []


def test_a_user_is_thrown_out_at_the_path_of_pythons_library(app: Flask, queue: FakeQueue) -> None:
    path = "/users/42/terminate_connections"
    asked = query(signed("POST", path, b"{}"))

    assert app.test_client().post(f"{path}?{asked}", data=b"{}").status_code == 200
    assert len(queue.take()) == 1


def test_a_push_token_is_neither_needed_nor_enough(queue: FakeQueue) -> None:
    app = Stores().app(Settings(pusher_apps=ONE, push_tokens=(("shop", TOKEN),)), queue)
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    assert app.test_client().post("/push", json={"content": "a"}).status_code == 401
    assert app.test_client().get("/apps/3/channels", headers=bearer).status_code == 401
    assert Backend(app).trigger(["orders"]).status_code == 200


def limited(**limits: float) -> Flask:
    return Stores().app(Settings(pusher_apps=TWO, **limits))  # type: ignore[arg-type]


def test_requests_count_for_their_application() -> None:
    app = limited(token_requests_per_second=2)
    first, second = Backend(app), Backend(app, TWO[1])

    assert [first.get("/channels").status_code for _ in range(3)] == [200, 200, 429]
    assert second.get("/channels").status_code == 200


def test_messages_count_for_their_application() -> None:
    backend = Backend(limited(token_messages_per_second=2))
    three = {"batch": [EVENT] * 3}

    assert backend.post("/batch_events", {"batch": [EVENT] * 2}).status_code == 200
    refused = backend.trigger(["orders"])
    assert (refused.status_code, refused.mimetype) == (429, "text/plain")
    assert refused.headers["Retry-After"]
    assert backend.post("/batch_events", three).status_code == 429


def test_who_guesses_signatures_is_limited_by_address() -> None:
    app = limited(address_requests_per_second=2)
    backend = Backend(app)
    wrong = [backend.post("/events", EVENT, auth_signature="0").status_code for _ in range(3)]

    assert wrong == [401, 401, 429]


def test_a_websocket_is_told_the_other_port(app: Flask) -> None:
    response = app.test_client().get("/app/key", headers={"Upgrade": "websocket"})

    assert response.get_json()["error"] == "wrong_port"
    assert app.test_client().get("/shop/events").get_json()["error"] == "wrong_port"
