import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from common.errors import QueueUnavailable
from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue

JSON = "application/json"
LONGEST = "~" * 255

PLACES: dict[str, dict[str, Any]] = {
    "header": {"query_string": {"content": "a"}, "headers": {"Idempotency-Key": "1"}},
    "header of a post": {"data": {"content": "a"}, "headers": {"Idempotency-Key": "1"}},
    "query": {"query_string": {"content": "a", "id": "1"}},
    "query of a post": {"query_string": {"id": "1"}, "json": {"content": "a"}},
    "form": {"data": {"content": "a", "id": "1"}},
    "multipart": {"data": {"content": "a", "id": "1"}, "content_type": "multipart/form-data"},
    "json": {"json": {"content": "a", "id": "1"}},
    "number in json": {"json": {"content": "a", "id": 1}},
    "header and query": {
        "query_string": {"content": "a", "id": "1"},
        "headers": {"Idempotency-Key": "1"},
    },
    "body before query": {"query_string": {"id": "2"}, "json": {"content": "a", "id": "1"}},
}
BAD = ["", "é", "消息", "a\tb", "a\n", "\x7f", LONGEST + "a"]
BAD_IN_JSON = [*BAD, True, 1.5, [], {}, "\ud800"]


def send(http: FlaskClient, request: dict[str, Any]) -> tuple[int, Any]:
    """`request` as the test client takes it, but its `json` may hold half of a surrogate pair."""
    if "json" in request:
        request = {**request, "data": json.dumps(request["json"]), "content_type": JSON}
        del request["json"]
    response = http.open("/push", method="POST" if "data" in request else "GET", **request)
    return response.status_code, response.get_json()


def error(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body) == {"code", "msg", "error"}
    return status, body["error"]


def batch(http: FlaskClient, *items: Any) -> tuple[int, Any]:
    response = http.post("/push/batch", data=json.dumps(items), content_type=JSON)
    return response.status_code, response.get_json()


@pytest.mark.parametrize("first", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("second", [PLACES["header"], PLACES["json"]], ids=["header", "json"])
def test_an_id_is_accepted_once_wherever_it_comes_from(
    http: FlaskClient, queue: FakeQueue, first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert send(http, first) == send(http, second) == (200, {"code": 0, "msg": "success"})
    assert queue.pushes == [[b"a"]]


def test_an_id_is_remembered_as_long_as_the_setting_says(queue: FakeQueue) -> None:
    http = create_app(Settings(idempotency_seconds=7), queue, FakePresenceReader()).test_client()

    http.get("/push?content=a&id=1")
    http.post("/push/batch", json=[{"content": "b", "id": "2"}])

    assert queue.seconds == {7}


@pytest.mark.parametrize(
    "request_",
    [
        {"query_string": {"content": "a", "Id": "1"}},
        {"data": {"content": "a"}},
        {"json": {"content": "a", "id": None}},
    ],
)
def test_without_an_id_every_push_is_a_plain_one(
    http: FlaskClient, queue: FakeQueue, request_: dict[str, Any]
) -> None:
    send(http, request_)
    send(http, request_)
    batch(http, "b", {"content": "c"}, {"content": "d", "id": None})

    assert queue.pushes == [[b"a"], [b"a"], [b"b", b"c", b"d"]]
    assert queue.seconds == set()


def test_an_id_is_no_content(http: FlaskClient, queue: FakeQueue) -> None:
    empty = (200, {"code": -1, "error": "content_empty", "msg": "内容不能为空"})

    assert send(http, {"query_string": {"id": "1"}}) == empty
    assert send(http, {"json": {"id": "1"}}) == empty
    assert send(http, {"query_string": {"id": "1", "content": "a"}})[1]["code"] == 0
    assert queue.pushes == [[b"a"]]


@pytest.mark.parametrize("id_", ["0", " ", "a b", '"quoted"', "{}", LONGEST])
def test_printable_ascii_is_an_id(http: FlaskClient, queue: FakeQueue, id_: str) -> None:
    for _ in range(2):
        assert send(http, {"json": {"content": "a", "id": id_}})[0] == 200
    assert queue.pushes == [[b"a"]]


@pytest.mark.parametrize("id_", BAD)
def test_anything_else_is_no_id_for_a_parameter(
    http: FlaskClient, queue: FakeQueue, id_: str
) -> None:
    fields = {"content": "a", "id": id_}

    for request_ in ({"query_string": fields}, {"data": fields}):
        assert error(send(http, request_)) == (422, "bad_id")
    assert queue.pushes == []


@pytest.mark.parametrize("id_", BAD_IN_JSON)
def test_anything_else_is_no_id_in_json(http: FlaskClient, queue: FakeQueue, id_: Any) -> None:
    status, body = batch(http, "a", {"content": "b", "id": id_}, "c")

    assert error(send(http, {"json": {"content": "a", "id": id_}})) == (422, "bad_id")
    assert (status, body["error"], body["index"]) == (422, "bad_id", 1)
    assert queue.pushes == []


def test_an_id_in_the_header_that_is_not_utf_8_is_said_to_be_none(
    http: FlaskClient, queue: FakeQueue
) -> None:
    request_ = {"query_string": {"content": "a"}, "headers": {"Idempotency-Key": "\xd6\xd0"}}

    assert error(send(http, request_)) == (422, "content_not_text")
    assert queue.pushes == []


@pytest.mark.parametrize("id_", ["", "é".encode().decode("latin-1"), LONGEST + "a"])
def test_anything_else_is_no_id_in_the_header(
    http: FlaskClient, queue: FakeQueue, id_: str
) -> None:
    request_ = {"query_string": {"content": "a"}, "headers": {"Idempotency-Key": id_}}

    assert error(send(http, request_)) == (422, "bad_id")
    assert queue.pushes == []


@pytest.mark.parametrize(
    "request_",
    [{"query_string": {"content": "a", "id": "2"}}, {"json": {"content": "a", "id": 2}}],
    ids=["query", "json"],
)
def test_a_header_and_a_parameter_that_differ_are_refused(
    http: FlaskClient, queue: FakeQueue, request_: dict[str, Any]
) -> None:
    answer = send(http, {**request_, "headers": {"Idempotency-Key": "1"}})

    assert error(answer) == (422, "bad_id")
    assert queue.pushes == []


def test_other_content_under_the_same_id_is_refused(http: FlaskClient, queue: FakeQueue) -> None:
    send(http, {"query_string": {"content": "a", "id": "1"}})

    assert error(send(http, {"query_string": {"content": "b", "id": "1"}})) == (422, "id_reused")
    assert queue.pushes == [[b"a"]]


def test_what_redis_did_not_confirm_may_be_tried_again(http: FlaskClient, queue: FakeQueue) -> None:
    request_ = {"query_string": {"content": "a", "id": "1"}}
    queue.fault = QueueUnavailable("connection refused")
    assert error(send(http, request_)) == (503, "queue_unavailable")
    queue.fault = None

    assert send(http, request_)[0] == 200
    assert queue.pushes == [[b"a"]]


# A batch.


def test_a_batch_that_is_tried_again_queues_only_what_is_new(
    http: FlaskClient, queue: FakeQueue
) -> None:
    send(http, {"query_string": {"content": "a", "id": "1"}})
    items = [{"content": "a", "id": 1}, {"content": "b", "id": "2"}, {"content": 3, "id": "3"}]

    answers = [batch(http, *items) for _ in range(2)]

    assert answers == [(200, {"code": 0, "msg": "success", "count": 3})] * 2
    assert queue.pushes == [[b"a"], [b"b", b"3"]]


def test_what_has_no_id_in_a_batch_is_queued_each_time(http: FlaskClient, queue: FakeQueue) -> None:
    for _ in range(2):
        batch(http, "free", {"content": "a", "id": "1"})

    assert queue.pushes == [[b"free", b"a"], [b"free"]]


def test_a_batch_may_have_ids_line_by_line(http: FlaskClient, queue: FakeQueue) -> None:
    lines = [{"content": "a", "id": "1"}, {"content": "a", "id": "1"}]
    http.post(
        "/push/batch", data="\n".join(map(json.dumps, lines)), content_type="application/x-ndjson"
    )

    assert queue.pushes == [[b"a"]]


def test_other_content_under_the_same_id_refuses_the_batch(
    http: FlaskClient, queue: FakeQueue
) -> None:
    send(http, {"query_string": {"content": "a", "id": "1"}})
    status, body = batch(http, {"content": "new", "id": "2"}, {"content": "b", "id": "1"})

    assert (status, body["error"], body["index"]) == (422, "id_reused", 1)
    assert queue.pushes == [[b"a"]]


def test_the_header_is_refused_with_a_batch(http: FlaskClient, queue: FakeQueue) -> None:
    response = http.post("/push/batch", json=["a"], headers={"Idempotency-Key": "1"})

    assert error((response.status_code, response.get_json())) == (422, "bad_id")
    assert queue.pushes == []


def test_a_number_is_no_longer_than_a_text(http: FlaskClient, queue: FakeQueue) -> None:
    answer = http.post("/push", json={"content": "a", "id": 10**300})

    assert (answer.status_code, answer.get_json()["error"]) == (422, "bad_id")
    assert queue.pushes == []
