import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from common.errors import QueueUnavailable
from http_api.reading.limits import BATCH_MESSAGES
from tests.support.fakes import FakeQueue

SUCCESS = b'{"code":0,"msg":"success"}'
CONTENT_EMPTY = '{"code":-1,"error":"content_empty","msg":"内容不能为空"}'.encode()

LARGEST = 64 * 1024


def answer(response: TestResponse) -> tuple[int, bytes]:
    """The status and the one line of the body."""
    assert response.mimetype == "application/json"
    return response.status_code, response.data.removesuffix(b"\n")


def refusal(response: TestResponse) -> tuple[Any, ...]:
    """The status, the error, and in a batch the index."""
    body = response.get_json()
    assert body["code"] == -1
    return (response.status_code, body["error"], *([body["index"]] if "index" in body else []))


def post_json(http: FlaskClient, document: str, path: str = "/push") -> TestResponse:
    return http.post(path, data=document, content_type="application/json")


def post_lines(http: FlaskClient, lines: str) -> TestResponse:
    return http.post("/push/batch", data=lines, content_type="application/x-ndjson")


# One message.


def test_content_comes_from_the_query(http: FlaskClient, queue: FakeQueue) -> None:
    assert answer(http.get("/push", query_string={"content": "你好 & 😀"})) == (200, SUCCESS)
    assert queue.pushes == [["你好 & 😀".encode()]]


def test_content_comes_from_the_query_of_a_post(http: FlaskClient, queue: FakeQueue) -> None:
    assert answer(http.post("/push?content=hello")) == (200, SUCCESS)
    assert queue.pushes == [[b"hello"]]


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_content_comes_from_a_form(http: FlaskClient, queue: FakeQueue, content_type: str) -> None:
    response = http.post("/push", data={"content": "你好\r\n&=+"}, content_type=content_type)

    assert answer(response) == (200, SUCCESS)
    assert queue.pushes == [["你好\r\n&=+".encode()]]


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/a+json"]
)
def test_content_comes_from_json(http: FlaskClient, queue: FakeQueue, content_type: str) -> None:
    document = '{"content":"你好\\n\\ud83d\\ude00","other":1}'
    response = http.post("/push", data=document, content_type=content_type)

    assert answer(response) == (200, SUCCESS)
    assert queue.pushes == [["你好\n😀".encode()]]


@pytest.mark.parametrize(
    "body", [{"data": {"content": "body"}}, {"json": {"content": "body"}}], ids=["form", "json"]
)
def test_the_body_wins_over_the_query(
    http: FlaskClient, queue: FakeQueue, body: dict[str, Any]
) -> None:
    assert answer(http.post("/push?content=query", **body)) == (200, SUCCESS)
    assert queue.pushes == [[b"body"]]


@pytest.mark.parametrize(
    "body", [{"data": {"other": "body"}}, {"json": {"other": "body"}}], ids=["form", "json"]
)
def test_a_body_without_content_leaves_the_query(
    http: FlaskClient, queue: FakeQueue, body: dict[str, Any]
) -> None:
    assert answer(http.post("/push?content=query", **body)) == (200, SUCCESS)
    assert queue.pushes == [[b"query"]]


def test_asking_for_the_head_only_pushes_nothing(http: FlaskClient, queue: FakeQueue) -> None:
    http.head("/push?content=hello")

    assert queue.pushes == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/push", {}),
        ("GET", "/push?content=", {}),
        ("GET", "/push?Content=hello", {}),
        ("POST", "/push", {}),
        ("POST", "/push", {"data": {"other": "x"}}),
        ("POST", "/push", {"data": {"content": ""}}),
        ("POST", "/push?content=query", {"data": {"content": ""}}),
        ("POST", "/push", {"json": {}}),
        ("POST", "/push", {"json": {"content": ""}}),
        ("POST", "/push", {"json": {"content": None}}),
        ("POST", "/push?content=query", {"json": {"content": None}}),
    ],
)
def test_no_content_gets_the_answer_of_the_original(
    http: FlaskClient, queue: FakeQueue, method: str, path: str, body: dict[str, Any]
) -> None:
    assert answer(http.open(path, method=method, **body)) == (200, CONTENT_EMPTY)
    assert queue.pushes == []


@pytest.mark.parametrize("content", [" ", "\n", "0", "null", "false", "\x00"])
def test_what_only_looks_empty_is_content(
    http: FlaskClient, queue: FakeQueue, content: str
) -> None:
    assert answer(http.post("/push", json={"content": content})) == (200, SUCCESS)
    assert queue.pushes == [[content.encode()]]


@pytest.mark.parametrize(
    ("number", "digits"),
    [("0", b"0"), ("42", b"42"), ("-7", b"-7"), ("1.5", b"1.5"), ("9" * 30, b"9" * 30)],
)
def test_a_number_is_pushed_as_its_digits(
    http: FlaskClient, queue: FakeQueue, number: str, digits: bytes
) -> None:
    assert answer(post_json(http, f'{{"content":{number}}}')) == (200, SUCCESS)
    assert queue.pushes == [[digits]]


@pytest.mark.parametrize(
    "value", ["true", "false", "NaN", "-Infinity", "1e999", "[NaN]", "[1e999]", '{"a":-1e999}']
)
def test_what_is_neither_text_nor_digits_nor_json_is_refused(
    http: FlaskClient, queue: FakeQueue, value: str
) -> None:
    response = post_json(http, f'{{"content":{value}}}')

    assert response.status_code == 422
    assert refusal(response)[1] in ("content_not_text", "invalid_json")
    assert queue.pushes == []


def test_half_of_a_surrogate_pair_is_refused(http: FlaskClient, queue: FakeQueue) -> None:
    response = post_json(http, '{"content":"a\\ud800"}')

    assert refusal(response) == (422, "content_not_text")
    assert queue.pushes == []


@pytest.mark.parametrize(
    "document", ["{", '{"content":"a"} x', "content=hello", '{"content":' + "[" * 5000]
)
def test_json_that_cannot_be_read_is_refused(
    http: FlaskClient, queue: FakeQueue, document: str
) -> None:
    assert refusal(post_json(http, document)) == (422, "invalid_json")
    assert queue.pushes == []


def test_json_that_is_not_utf8_is_refused(http: FlaskClient, queue: FakeQueue) -> None:
    response = http.post("/push", data=b'{"content":"\xff"}', content_type="application/json")

    assert refusal(response) == (422, "content_not_text")
    assert queue.pushes == []


@pytest.mark.parametrize("document", ["[]", '["a"]', '"a"', "1", "null", "true"])
def test_json_that_is_no_object_is_refused(
    http: FlaskClient, queue: FakeQueue, document: str
) -> None:
    assert refusal(post_json(http, document)) == (422, "json_not_object")
    assert queue.pushes == []


@pytest.mark.parametrize("content_type", ["text/html", "application/xml", None])
def test_another_type_of_body_is_refused(
    http: FlaskClient, queue: FakeQueue, content_type: str | None
) -> None:
    response = http.post("/push", data=b"hello", content_type=content_type)

    assert refusal(response) == (415, "unsupported_media_type")
    assert queue.pushes == []


@pytest.mark.parametrize("body", ["data", "json"])
@pytest.mark.parametrize("content", ["a" * LARGEST, "é" * (LARGEST // 2)], ids=["ascii", "utf8"])
def test_content_may_have_64_kib_and_not_a_byte_more(
    http: FlaskClient, queue: FakeQueue, content: str, body: str
) -> None:
    accepted: dict[str, Any] = {body: {"content": content}}
    refused: dict[str, Any] = {body: {"content": content + "a"}}

    assert answer(http.post("/push", **accepted)) == (200, SUCCESS)
    assert refusal(http.post("/push", **refused)) == (413, "content_too_large")
    assert queue.pushes == [[content.encode()]]


def test_an_envelope_does_not_count_against_the_content(
    http: FlaskClient, queue: FakeQueue
) -> None:
    content = "\x1e" + "é" * ((LARGEST - 1) // 2)

    assert answer(http.post("/push", data={"content": content})) == (200, SUCCESS)
    assert json.loads(queue.pushes[0][0].removeprefix(b"\x1e")) == {"content": content}


def test_content_that_begins_like_an_envelope_is_put_into_one(
    http: FlaskClient, queue: FakeQueue
) -> None:
    assert answer(http.post("/push", json={"content": "\x1ehello"})) == (200, SUCCESS)
    assert queue.pushes == [[b'\x1e{"content": "\\u001ehello"}']]


def test_what_redis_did_not_confirm_is_no_success(http: FlaskClient, queue: FakeQueue) -> None:
    queue.fault = QueueUnavailable("connection refused")

    assert refusal(http.get("/push?content=hello")) == (503, "queue_unavailable")
    assert refusal(http.post("/push/batch", json=["hello"])) == (503, "queue_unavailable")


def test_a_missing_content_does_not_need_redis(http: FlaskClient, queue: FakeQueue) -> None:
    queue.fault = QueueUnavailable("connection refused")

    assert answer(http.get("/push")) == (200, CONTENT_EMPTY)


# A batch.


def test_a_batch_is_one_push_in_its_order(http: FlaskClient, queue: FakeQueue) -> None:
    response = http.post("/push/batch", json=["first", {"content": "第二"}, 3, {"content": 4.5}])

    assert answer(response) == (200, b'{"code":0,"count":4,"msg":"success"}')
    assert queue.pushes == [[b"first", "第二".encode(), b"3", b"4.5"]]


@pytest.mark.parametrize(
    "content_type",
    ["application/x-ndjson", "application/ndjson; charset=utf-8", "application/jsonl"],
)
def test_a_batch_may_come_line_by_line(
    http: FlaskClient, queue: FakeQueue, content_type: str
) -> None:
    lines = '"first"\n{"content":"第二"}\r\n\n3'
    response = http.post("/push/batch", data=lines.encode(), content_type=content_type)

    assert answer(response) == (200, b'{"code":0,"count":3,"msg":"success"}')
    assert queue.pushes == [[b"first", "第二".encode(), b"3"]]


@pytest.mark.parametrize(
    ("item", "status", "error"),
    [
        ('""', 422, "content_empty"),
        ("null", 422, "content_empty"),
        ("{}", 422, "content_empty"),
        ('{"content":""}', 422, "content_empty"),
        ("true", 422, "content_not_text"),
        ('["a"]', 422, "content_not_text"),
        ('{"content":[true,1e999]}', 422, "invalid_json"),
        ('"\\ud800"', 422, "content_not_text"),
        ('{"content":"a","chanel":"b"}', 422, "unknown_field"),
        ('{"contents":"a"}', 422, "unknown_field"),
        ('{"\\ud800":"a"}', 422, "unknown_field"),
        (f'"{"a" * (LARGEST + 1)}"', 413, "content_too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_one_bad_item_refuses_the_batch_and_is_named(
    http: FlaskClient, queue: FakeQueue, item: str, status: int, error: str
) -> None:
    as_array = post_json(http, f'["a",{item},"c"]', "/push/batch")
    as_lines = post_lines(http, f'"a"\n{item}\n"c"\n')

    assert refusal(as_array) == (status, error, 1)
    assert refusal(as_lines) == (status, error, 1)
    assert queue.pushes == []


def test_the_first_of_several_bad_items_is_named(http: FlaskClient) -> None:
    assert refusal(http.post("/push/batch", json=["", "a", ""])) == (422, "content_empty", 0)


@pytest.mark.parametrize("line", ["{", "hello", "[" * 5000], ids=["open", "bare", "deep"])
def test_a_line_that_is_no_json_refuses_the_batch_and_is_named(
    http: FlaskClient, queue: FakeQueue, line: str
) -> None:
    assert refusal(post_lines(http, f'"a"\n{line}\n')) == (422, "invalid_json", 1)
    assert queue.pushes == []


@pytest.mark.parametrize("line", ["{", '""'], ids=["no json", "no content"])
def test_an_index_counts_messages_not_empty_lines(http: FlaskClient, line: str) -> None:
    assert refusal(post_lines(http, f'\n"a"\n\n{line}\n'))[2] == 1


@pytest.mark.parametrize("document", ["", "[", '["a",]', '["a"] x', "[" * 5000])
def test_an_array_that_cannot_be_read_is_refused(
    http: FlaskClient, queue: FakeQueue, document: str
) -> None:
    assert refusal(post_json(http, document, "/push/batch")) == (422, "invalid_json")
    assert queue.pushes == []


@pytest.mark.parametrize("document", ['{"content":"a"}', '"a"', "null", "1"])
def test_json_that_is_no_array_is_no_batch(
    http: FlaskClient, queue: FakeQueue, document: str
) -> None:
    assert refusal(post_json(http, document, "/push/batch")) == (422, "json_not_array")
    assert queue.pushes == []


def test_an_empty_batch_is_refused(http: FlaskClient, queue: FakeQueue) -> None:
    assert refusal(post_json(http, "[]", "/push/batch")) == (422, "empty_batch")
    assert refusal(post_lines(http, "\n \r\n")) == (422, "empty_batch")
    assert queue.pushes == []


def test_a_batch_of_another_type_is_refused(http: FlaskClient, queue: FakeQueue) -> None:
    response = http.post("/push/batch", data={"content": "a"})

    assert refusal(response) == (415, "unsupported_media_type")
    assert queue.pushes == []


@pytest.mark.parametrize("query", ["user=42", "users=", "channel=a", "channels=", "id=1", "usr=4"])
def test_what_the_query_of_a_batch_says_is_not_lost(
    http: FlaskClient, queue: FakeQueue, query: str
) -> None:
    in_json = http.post(f"/push/batch?{query}", json=["hello"])
    in_lines = http.post(
        f"/push/batch?{query}", data='"hello"', content_type="application/x-ndjson"
    )

    assert refusal(in_json) == refusal(in_lines) == (422, "unknown_field")
    assert queue.pushes == []


def test_a_batch_may_have_so_many_messages_and_not_one_more(
    http: FlaskClient, queue: FakeQueue
) -> None:
    most = ["a"] * BATCH_MESSAGES

    assert http.post("/push/batch", json=most).status_code == 200
    assert refusal(http.post("/push/batch", json=[*most, "a"])) == (413, "batch_too_large")
    assert refusal(post_lines(http, '"a"\n' * (BATCH_MESSAGES + 1))) == (413, "batch_too_large")
    assert queue.pushes == [[b"a"] * BATCH_MESSAGES]
