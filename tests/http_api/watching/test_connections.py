"""Who is connected, by user and by channel, and kicks."""

import json
import logging

import pytest
from flask.testing import FlaskClient

from common.errors import QueueUnavailable
from common.store.presence import Members
from tests.support.fakes import FakePresenceReader, FakeQueue

NAMES = ["42", "a@example.org", "a:b", "a.b-c_d", "a,b;c=d", "x" * 195]
NO_NAMES = ["x" * 196, "a b", "é", "a%2B", "a*", "%00"]
UNAVAILABLE = QueueUnavailable("connection refused")


@pytest.mark.parametrize("user", NAMES)
def test_a_user_who_is_there_is_counted(
    http: FlaskClient, presence: FakePresenceReader, user: str
) -> None:
    presence.users[user] = 3

    response = http.get(f"/users/{user}")

    assert response.status_code == 200
    assert response.get_json() == {
        "code": 0,
        "msg": "success",
        "user": user,
        "connected": True,
        "connections": 3,
    }


def test_a_user_who_is_not_there_is_an_answer_too(http: FlaskClient) -> None:
    response = http.get("/users/42")

    assert response.status_code == 200
    assert response.get_json() == {
        "code": 0,
        "msg": "success",
        "user": "42",
        "connected": False,
        "connections": 0,
    }


@pytest.mark.parametrize("channel", [*NAMES, "x" * 200, "user:42", "orders.*", "x" * 200 + ".*"])
def test_the_members_of_a_channel_are_listed(
    http: FlaskClient, presence: FakePresenceReader, channel: str
) -> None:
    presence.channels[channel] = Members(5, 2, {"42": 2, "7": 1}, truncated=False)

    response = http.get(f"/channels/{channel}")

    assert response.status_code == 200
    assert response.get_json() == {
        "code": 0,
        "msg": "success",
        "channel": channel,
        "connections": 5,
        "anonymous": 2,
        "users": {"42": 2, "7": 1},
    }


def test_a_list_that_was_cut_says_so(http: FlaskClient, presence: FakePresenceReader) -> None:
    presence.channels["orders"] = Members(5, 0, {"42": 2}, truncated=True)

    assert http.get("/channels/orders").get_json()["truncated"] is True


@pytest.mark.parametrize("user", NAMES)
def test_a_kick_goes_through_the_queue(
    http: FlaskClient, queue: FakeQueue, presence: FakePresenceReader, user: str
) -> None:
    presence.users[user] = 3

    response = http.delete(f"/users/{user}/connections")

    assert response.status_code == 200
    assert response.get_json() == {"code": 0, "msg": "success", "user": user, "connections": 3}
    (item,) = queue.take()
    assert (item[:1], json.loads(item[1:])) == (b"\x1e", {"kick": user})


def test_a_user_of_whom_nobody_knows_is_kicked_as_well(http: FlaskClient, queue: FakeQueue) -> None:
    response = http.delete("/users/42/connections")

    assert response.get_json()["connections"] == 0
    assert len(queue.take()) == 1


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/users/{}"), ("DELETE", "/users/{}/connections")]
)
def test_what_can_be_no_user_is_refused(
    http: FlaskClient, queue: FakeQueue, method: str, path: str, name: str
) -> None:
    response = http.open(path.format(name), method=method)

    assert response.status_code == 422
    assert response.get_json() == {
        "code": -1,
        "msg": "a user has 1 to 195 characters: letters, digits and any of _.:@-=,;",
        "error": "bad_user",
    }
    assert queue.take() == []


@pytest.mark.parametrize("name", [*NO_NAMES[1:], "x" * 201, "*", ".*", "user:4.*", "a.*.*"])
def test_what_nobody_can_listen_to_is_refused(http: FlaskClient, name: str) -> None:
    response = http.get(f"/channels/{name}")

    assert response.status_code == 422
    assert response.get_json() == {
        "code": -1,
        "msg": "a channel has 1 to 200 characters: letters, digits and any of _.:@-=,; "
        "(a wildcard ends with .* besides)",
        "error": "bad_channel",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/users/42"), ("GET", "/channels/orders"), ("DELETE", "/users/42/connections")],
)
def test_without_redis_nobody_knows(
    http: FlaskClient, queue: FakeQueue, presence: FakePresenceReader, method: str, path: str
) -> None:
    presence.fault = UNAVAILABLE

    response = http.open(path, method=method)

    assert (response.status_code, response.get_json()["error"]) == (503, "queue_unavailable")
    assert queue.pushes == []


def test_a_kick_that_redis_did_not_confirm_is_no_success(
    http: FlaskClient, queue: FakeQueue
) -> None:
    queue.fault = UNAVAILABLE

    response = http.delete("/users/42/connections")

    assert (response.status_code, response.get_json()["error"]) == (503, "queue_unavailable")


def test_a_kick_that_was_confirmed_ends_an_outage(
    http: FlaskClient, queue: FakeQueue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    queue.fault = UNAVAILABLE
    http.delete("/users/42/connections")
    queue.fault = None

    http.delete("/users/42/connections")

    assert "Redis is back" in caplog.messages


@pytest.mark.parametrize("path", ["/users/", "/users/a/b", "/channels/", "/users/42/connections/"])
def test_what_looks_similar_is_no_route(http: FlaskClient, path: str) -> None:
    assert http.delete(path).status_code == 404
