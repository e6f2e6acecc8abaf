"""The routes of what is only read."""

from time import monotonic

import pytest
from flask.testing import FlaskClient

from common.errors import QueueUnavailable
from config.settings import Settings
from tests.support.openapi import validate_response
from tests.support.reads import Stores

PATHS = ["/stats", "/users", "/channels", "/messages", "/messages/events"]


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def http(stores: Stores) -> FlaskClient:
    return stores.app().test_client()


@pytest.mark.parametrize("kind", ["users", "channels"])
def test_names_are_paged(http: FlaskClient, stores: Stores, kind: str) -> None:
    stores.people.names[kind] = {"a": 1, "b": 2, "b.c": 3}
    one = kind.removesuffix("s")

    first = http.get(f"/{kind}?limit=2").get_json()
    second = http.get(f"/{kind}?limit=2&after={first['next']}").get_json()

    assert first == {
        "code": 0,
        "msg": "success",
        kind: [{one: "a", "connections": 1}, {one: "b", "connections": 2}],
        "next": "b",
    }
    assert (second[kind], second["next"]) == ([{one: "b.c", "connections": 3}], None)
    only = http.get(f"/{kind}?prefix=b.").get_json()[kind]
    assert only == [{one: "b.c", "connections": 3}]


def test_messages_are_paged(http: FlaskClient, stores: Stores) -> None:
    for text in "abc":
        stores.history.write(text, "user:42")
    stores.history.write("d", "other")

    first = http.get("/messages?user=42&limit=2").get_json()
    second = http.get(f"/messages?user=42&after={first['next']}").get_json()
    newest = http.get("/messages?user=42&last=1").get_json()

    assert [each["content"] for each in first["messages"]] == ["a", "b"]
    assert [each["content"] for each in second["messages"]] == ["c"]
    assert [each["content"] for each in newest["messages"]] == ["c"]
    assert "gap" not in first
    assert newest["previous"] == newest["messages"][0]["id"]


def test_a_gap_is_in_the_answer(http: FlaskClient, stores: Stores) -> None:
    stores.history.write("a")

    response = http.get("/messages?after=garbage")

    validate_response(response, "GET", "/messages")
    assert response.get_json()["gap"]["after"] == "garbage"


@pytest.mark.parametrize("path", PATHS)
def test_who_has_no_token_reads_nothing(stores: Stores, path: str) -> None:
    settings = Settings(push_tokens=(("a", "a" * 16),))
    http = stores.app(settings).test_client()
    stores.history.write("a")

    assert http.get(path).status_code == 401
    with http.get(path, headers={"Authorization": f"Bearer {'a' * 16}"}) as response:
        assert response.status_code == 200


@pytest.mark.parametrize("path", PATHS[1:])
def test_without_redis_nobody_knows(http: FlaskClient, stores: Stores, path: str) -> None:
    stores.people.fault = stores.history.fault = QueueUnavailable("gone")

    response = http.get(path)

    assert (response.status_code, response.get_json()["error"]) == (503, "queue_unavailable")


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_slip_is_told(http: FlaskClient, path: str) -> None:
    response = http.get(f"{path}?chanel=a")

    assert (response.status_code, response.get_json()["error"]) == (422, "unknown_field")
    assert "chanel" in response.get_json()["msg"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_of_it_is_kept_by_anybody(http: FlaskClient, path: str) -> None:
    with http.get(path) as response:
        assert response.headers["Cache-Control"] == "no-store"


def test_listeners_are_still_told_the_other_port(http: FlaskClient) -> None:
    for path in ("/events", "/messages/events/", "/x/messages/events"):
        assert http.get(path).get_json()["error"] == "wrong_port"


def test_the_pulse_says_what_was_pushed_and_who_watches(stores: Stores) -> None:
    app = stores.app()
    pulse = app.extensions["message_center.reads"].pulse()
    http = app.test_client()
    start = http.get("/stats").get_json()
    assert start["processes"] == []
    http.get("/push?content=a")

    with http.get("/messages/events"):
        pulse.beat(monotonic() + 2)

    (beat,) = stores.beats.whole.beats
    assert 0.4 < beat.said["rates"]["pushes"] <= 0.5
    assert beat.said["streams"] == 1
