"""`event` and `except` of a push, wherever they come."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.fakes import FakeQueue

WAYS = ["query_string", "data", "json"]


def pushed(queue: FakeQueue) -> dict[str, Any]:
    """What stands in the one envelope that was pushed."""
    (item,) = queue.take()
    assert item[:1] == b"\x1e"
    found: dict[str, Any] = json.loads(item[1:])
    return found


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


@pytest.mark.parametrize("way", WAYS)
def test_they_stand_where_the_content_stands(http: FlaskClient, queue: FakeQueue, way: str) -> None:
    fields = {"content": "a", "event": "订单 shipped", "except": "17.4", "channel": "b"}

    assert http.post("/push", **{way: fields}).status_code == 200
    assert pushed(queue) == {
        "content": "a",
        "channels": ["b"],
        "event": "订单 shipped",
        "except": "17.4",
    }


def test_to_everybody_they_go_in_an_envelope_too(http: FlaskClient, queue: FakeQueue) -> None:
    http.get("/push?content=a&event=made")
    assert pushed(queue) == {"content": "a", "event": "made"}
    http.get("/push?content=a&except=17.4")
    assert pushed(queue) == {"content": "a", "except": "17.4"}


def test_each_message_of_a_batch_has_its_own(http: FlaskClient, queue: FakeQueue) -> None:
    batch = [{"content": "a", "event": "made"}, {"content": "b", "except": "1.2"}, "c"]

    assert http.post("/push/batch", json=batch).status_code == 200

    first, second, third = queue.take()
    assert json.loads(first[1:]) == {"content": "a", "event": "made"}
    assert json.loads(second[1:]) == {"content": "b", "except": "1.2"}
    assert third == b"c"


def test_an_event_goes_with_a_receipt(http: FlaskClient, queue: FakeQueue) -> None:
    http.post("/push", json={"content": "a", "event": "made", "receipt": 1, "id": "p"})

    assert pushed(queue) == {"content": "a", "event": "made", "receipt": "p"}


@pytest.mark.parametrize("given", [{"except": ""}, {"except": None}, {"event": None}])
def test_none_changes_nothing(http: FlaskClient, queue: FakeQueue, given: dict[str, Any]) -> None:
    assert http.post("/push", json={"content": "a", **given}).status_code == 200
    assert http.post("/push/batch", json=[{"content": "b", **given}]).status_code == 200
    assert queue.take() == [b"a", b"b"]


BAD_TEXTS = [
    ("event", "", "bad_event"),
    ("event", "a\n", "bad_event"),
    ("event", "a" * 201, "bad_event"),
    ("except", "7", "bad_except"),
    ("except", "1.2 ", "bad_except"),
]
BAD = [
    ("event", 7, "bad_event"),
    ("event", ["a"], "bad_event"),
    ("event", "\ud800", "bad_event"),
    ("except", 1.2, "bad_except"),
    ("except", ["1.2"], "bad_except"),
    ("except", False, "bad_except"),
    ("except", 0, "bad_except"),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "value", "error"), BAD_TEXTS)
def test_what_cannot_be_one_is_refused(
    http: FlaskClient, queue: FakeQueue, way: str, name: str, value: str, error: str
) -> None:
    answer = http.post("/push", **{way: {"content": "a", name: value}})

    assert refusal(answer) == (422, error)
    assert queue.take() == []


@pytest.mark.parametrize(("name", "value", "error"), [*BAD_TEXTS, *BAD])
def test_in_json_it_is_text_and_a_batch_says_which(
    http: FlaskClient, queue: FakeQueue, name: str, value: Any, error: str
) -> None:
    body = json.dumps({"content": "a", name: value})
    as_json = {"content_type": "application/json"}

    assert refusal(http.post("/push", data=body, **as_json)) == (422, error)
    answer = http.post("/push/batch", data=f'["a",{body}]', **as_json)
    assert refusal(answer) == (422, error)
    assert answer.get_json()["index"] == 1
    assert queue.take() == []


def test_what_is_no_text_is_no_event(http: FlaskClient) -> None:
    assert refusal(http.get("/push?content=a&event=%FF")) == (422, "content_not_text")


def test_what_is_far_too_long_is_not_even_decoded(http: FlaskClient) -> None:
    for name in ("event", "except"):
        answer = http.post("/push", data={"content": "a", name: "1" * 100_000})
        assert refusal(answer) == (422, f"bad_{name}")


def test_in_the_query_of_a_batch_they_would_say_nothing(http: FlaskClient) -> None:
    assert refusal(http.post("/push/batch?event=a", json=["a"])) == (422, "unknown_field")
