import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from common.message import Message
from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue

JSON = "application/json"
LONGEST = "x" * 200
LONGEST_USER = "x" * 195
OK = (200, {"code": 0, "msg": "success"})


def send(http: FlaskClient, request: dict[str, Any]) -> tuple[int, Any]:
    """`request` as the test client takes it, but its `json` may hold half of a surrogate pair."""
    if "json" in request:
        request = {**request, "data": json.dumps(request["json"]), "content_type": JSON}
        del request["json"]
    return answer(http.open("/push", method="POST" if "data" in request else "GET", **request))


def batch(http: FlaskClient, *items: Any) -> tuple[int, Any]:
    return answer(http.post("/push/batch", data=json.dumps(items), content_type=JSON))


def answer(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, response.get_json()


def error(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert len(body["msg"]) < 160  # Whatever was sent.
    return status, body["error"]


def item(*channels: str, content: str = "a") -> bytes:
    return Message(content, channels).to_item()


ALL_FIELDS = {"channel": "a", "channels": "b,c", "user": "1", "users": "2,3"}
ALL_ADDRESSES = ("a", "b", "c", "user:1", "user:2", "user:3")

GIVEN: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "a channel": ({"channel": "orders"}, ("orders",)),
    "a channel in a list": ({"channels": "orders"}, ("orders",)),
    "channels": ({"channels": "orders,news.eu"}, ("orders", "news.eu")),
    "a user": ({"user": "42"}, ("user:42",)),
    "users": ({"users": "42,a@example.org"}, ("user:42", "user:a@example.org")),
    "the channel of a user": ({"channel": "user:42"}, ("user:42",)),
    "all of them": (ALL_FIELDS, ALL_ADDRESSES),
    "in another order": (dict(reversed(ALL_FIELDS.items())), ALL_ADDRESSES),
    "repeats": (
        {"channel": "b", "channels": "a,b,a,user:1", "user": "1", "users": "1"},
        ("b", "a", "user:1"),
    ),
    "with commas": (
        {"channels": '["a,b","c"]', "users": '["1,2"]'},
        ("a,b", "c", "user:1,2"),
    ),
    "of both worlds": ({"channel": "private-a=b;c@d"}, ("private-a=b;c@d",)),
    "the longest": ({"channel": LONGEST, "user": LONGEST_USER}, (LONGEST, f"user:{LONGEST_USER}")),
}
IN_JSON: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "lists": ({"channels": ["a", "b"], "users": ["1", "2"]}, ("a", "b", "user:1", "user:2")),
    "numbers": (
        {"channel": 1, "channels": [2, "c"], "user": -3, "users": [4, "d"]},
        ("1", "2", "c", "user:-3", "user:4", "user:d"),
    ),
    "numbers for lists": ({"channels": 1, "users": 2}, ("1", "user:2")),
}


@pytest.mark.parametrize("way", ["query_string", "data", "multipart", "json"])
@pytest.mark.parametrize(("fields", "addresses"), GIVEN.values(), ids=GIVEN)
def test_addresses_come_wherever_content_comes(
    http: FlaskClient,
    queue: FakeQueue,
    way: str,
    fields: dict[str, str],
    addresses: tuple[str, ...],
) -> None:
    fields = {"content": "a", **fields}
    multipart = {"data": fields, "content_type": "multipart/form-data"}

    assert send(http, multipart if way == "multipart" else {way: fields}) == OK
    assert queue.pushes == [[item(*addresses)]]


@pytest.mark.parametrize(("fields", "addresses"), IN_JSON.values(), ids=IN_JSON)
def test_json_may_have_lists_and_numbers(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, Any], addresses: tuple[str, ...]
) -> None:
    assert send(http, {"json": {"content": "a", **fields}}) == OK
    assert queue.pushes == [[item(*addresses)]]


@pytest.mark.parametrize(
    ("fields", "addresses"),
    [*GIVEN.values(), *IN_JSON.values()],
    ids=[*GIVEN, *IN_JSON],
)
def test_a_message_of_a_batch_has_the_same_fields(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, Any], addresses: tuple[str, ...]
) -> None:
    assert batch(http, "all", {"content": "a", **fields}, {"content": "c"})[0] == 200
    assert queue.pushes == [[b"all", item(*addresses), b"c"]]


def test_an_addressed_message_is_an_envelope(http: FlaskClient, queue: FakeQueue) -> None:
    send(http, {"query_string": {"content": "消息", "channel": "a", "user": "1"}})

    ((pushed,),) = queue.pushes
    assert pushed.startswith(b"\x1e")
    assert json.loads(pushed[1:]) == {"content": "消息", "channels": ["a", "user:1"]}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "channel_id": "a",
            "user_id": "1",
            "userId": "1",
            "buses": "5",
            "sure": "b",
            "change": "b",
            "usage": "b",
            "use": "r",
            "to": "b",
            "uid": "1",
        },
    ],
    ids=["none", "unknown"],
)
@pytest.mark.parametrize("way", ["query_string", "data", "json"])
def test_without_an_address_exactly_the_content_is_queued(
    http: FlaskClient, queue: FakeQueue, way: str, fields: dict[str, str]
) -> None:
    assert send(http, {way: {"content": "a", **fields}}) == OK
    assert queue.pushes == [[b"a"]]


SLIPS = ["Channel", "chanel", "chanels", "USER", "user_", "userss", "channles", "chennel", "usre"]
SLIPS += [
    "usr",
    " user",
    "user ",
    "?user",
    '"user"',
    "amp;user",
    "\ufeffuser",
    "ｕｓｅｒ",
    "user:",
    "user.0",
    "user42",
    "us\0er",
    "us\u200ber",
    "chan-nel",
    "user 42",
    "channel/orders",
]


@pytest.mark.parametrize("name", SLIPS)
@pytest.mark.parametrize("way", ["query_string", "data", "json"])
def test_what_was_meant_as_an_address_is_not_pushed_to_everybody(
    http: FlaskClient, queue: FakeQueue, way: str, name: str
) -> None:
    sent = send(http, {way: {"content": "a", name: "b"}})

    assert error(sent) == (422, "unknown_field")
    assert "did you mean" in sent[1]["msg"]
    assert queue.pushes == []


RECEIPTS = ["reciept", "recipt", "receit", "receipts", "Receipt", "amp;receipt", "receipt[]"]


@pytest.mark.parametrize("name", RECEIPTS)
@pytest.mark.parametrize("way", ["query_string", "data", "json"])
def test_what_was_meant_as_receipt_is_not_ignored(
    http: FlaskClient, queue: FakeQueue, way: str, name: str
) -> None:
    sent = send(http, {way: {"content": "a", name: "1"}})

    assert error(sent) == (422, "unknown_field")
    assert sent[1]["msg"].endswith("did you mean receipt?")
    assert queue.pushes == []


@pytest.mark.parametrize("name", ["recipe", "recipient", "received", "receipt_id", "script", "rid"])
def test_another_word_is_not_taken_for_receipt(
    http: FlaskClient, queue: FakeQueue, name: str
) -> None:
    assert send(http, {"data": {"content": "a", name: "1"}}) == OK
    assert queue.pushes == [[b"a"]]


@pytest.mark.parametrize("field", ["channel", "channels", "user", "users"])
def test_a_field_that_stands_twice_loses_nobody(
    http: FlaskClient, queue: FakeQueue, field: str
) -> None:
    twice = f"content=a&{field}=b&{field}=c"
    wanted = (422, "bad_user" if field.startswith("user") else "bad_channel")

    assert error(send(http, {"query_string": twice})) == wanted
    form = {"data": twice, "content_type": "application/x-www-form-urlencoded"}
    assert error(send(http, form)) == wanted
    multipart = MultiDict([("content", "a"), (field, "b"), (field, "c")])
    assert error(send(http, {"data": multipart, "content_type": "multipart/form-data"})) == wanted
    assert queue.pushes == []


EMPTY_VALUES = ["", ",", " ", "\t", ", ,"]


@pytest.mark.parametrize("way", ["query_string", "data", "multipart", "json"])
@pytest.mark.parametrize("value", EMPTY_VALUES)
@pytest.mark.parametrize("field", ["channel", "channels", "user", "users"])
def test_an_address_that_turned_out_empty_is_not_everybody(
    http: FlaskClient, queue: FakeQueue, way: str, field: str, value: str
) -> None:
    fields = {"content": "a", field: value}
    multipart = {"data": fields, "content_type": "multipart/form-data"}

    sent = send(http, multipart if way == "multipart" else {way: fields})

    assert error(sent) == expected({field: value})
    assert field.removesuffix("s") in sent[1]["msg"]
    assert queue.pushes == []


@pytest.mark.parametrize("value", [None, [], [""], [None], *EMPTY_VALUES], ids=repr)
@pytest.mark.parametrize("field", ["channel", "channels", "user", "users"])
def test_in_json_and_in_batches_neither(
    http: FlaskClient, queue: FakeQueue, field: str, value: Any
) -> None:
    for fields in ({"content": "a", field: value}, {"channel": "b", "content": "a", field: value}):
        lines = http.post(
            "/push/batch", data=json.dumps(fields), content_type="application/x-ndjson"
        )
        for sent in (send(http, {"json": fields}), batch(http, fields), answer(lines)):
            assert error(sent) == expected({field: value})
    assert queue.pushes == []


@pytest.mark.parametrize("body", ["data", "json"])
@pytest.mark.parametrize("value", ["query", "body", ""])
def test_an_address_in_the_body_and_in_the_query_loses_nobody(
    http: FlaskClient, queue: FakeQueue, body: str, value: str
) -> None:
    request = {"query_string": {"channel": "query"}, body: {"content": "a", "channel": value}}

    assert error(send(http, request)) == (422, "bad_channel")
    assert queue.pushes == []


@pytest.mark.parametrize("body", ["data", "json"])
def test_addresses_in_the_body_and_in_the_query_are_added_up(
    http: FlaskClient, queue: FakeQueue, body: str
) -> None:
    query = {"users": "1,2"}

    assert send(http, {"query_string": query, body: {"content": "a", "user": "3"}}) == OK
    assert queue.pushes == [[item("user:3", "user:1", "user:2")]]


TWICE_IN_JSON = [
    '{"content":"a","FIELD":"b","FIELD":"c"}',
    '{"FIELD":"b","content":"a","FIELD":"b"}',
    '{"content":"a","FIELD":["b"],"FIELD":null}',
    '{"content":"a","ESCAPED":"b","FIELD":"c"}',
    '{"content":"a","ESCAPED":"b","ESCAPED":"c"}',
]


@pytest.mark.parametrize("document", TWICE_IN_JSON)
@pytest.mark.parametrize("field", ["channel", "channels", "user", "users"])
def test_a_field_that_stands_twice_in_json_loses_nobody(
    http: FlaskClient, queue: FakeQueue, field: str, document: str
) -> None:
    escaped = f"\\u00{ord(field[0]):x}{field[1:]}"
    text = document.replace("FIELD", field).replace("ESCAPED", escaped)
    lines = http.post("/push/batch", data=text, content_type="application/x-ndjson")
    array = http.post("/push/batch", data=f"[{text}]", content_type=JSON)

    for response in (http.post("/push", data=text, content_type=JSON), array, lines):
        assert error(answer(response)) == expected({field: ""})
        assert "stands twice" in response.get_json()["msg"]
    assert queue.pushes == []


def test_what_stands_twice_inside_of_what_is_ignored_is_ignored(
    http: FlaskClient, queue: FakeQueue
) -> None:
    text = '{"content":"a","more":{"user":"1","user":"2"},"b":1,"b":2}'

    assert answer(http.post("/push", data=text, content_type=JSON)) == OK
    assert queue.pushes == [[b"a"]]


@pytest.mark.parametrize(
    "names", ["user&user", "user&us%65r", "users[0]", "users%5B0%5D", "user[]", "user&user[]"]
)
@pytest.mark.parametrize("way", ["query_string", "data"])
def test_a_list_as_php_writes_it_loses_nobody(
    http: FlaskClient, queue: FakeQueue, way: str, names: str
) -> None:
    pairs = "content=a&" + "&".join(
        f"{name}={place}" for place, name in enumerate(names.split("&"))
    )
    form = {"content_type": "application/x-www-form-urlencoded"} if way == "data" else {}

    assert error(send(http, {way: pairs, **form})) == (422, "bad_user")
    assert queue.pushes == []


def test_an_address_is_no_content(http: FlaskClient, queue: FakeQueue) -> None:
    empty = (200, {"code": -1, "error": "content_empty", "msg": "内容不能为空"})

    assert send(http, {"query_string": {"channel": "a"}}) == empty
    assert send(http, {"query_string": {"channel": "a b"}}) == empty
    assert queue.pushes == []


BAD_NAMES = ["a b", " ", "a\n", "\x00", "订单", "orders.*", "*", "!42", "a/b", "a[b", '"', "é"]
BAD = [
    *[{"channel": name} for name in [*BAD_NAMES, "a,b", LONGEST + "x"]],
    *[{"channels": name} for name in [*BAD_NAMES, ",", "a,", ",a", "a,,b", "a, b", "a,b c"]],
    *[{"user": name} for name in [*BAD_NAMES, "1,2", LONGEST_USER + "x"]],
    *[{"users": name} for name in [*BAD_NAMES, ",", "1,", "1,,2", "1,2 3"]],
]
PHP_LISTS = [{"channels[0]": "a"}, {"channels[]": "a"}, {"users[0]": "1"}, {"user[a]": "1"}]
BAD_IN_JSON = [
    *[
        {field: value}
        for field in ("channel", "user")
        for value in (True, False, 1.0, 0.5, [], ["a"], {}, {"a": "b"}, "\ud800", 10**250)
    ],
    *[
        {field: value}
        for field in ("channels", "users")
        for value in (True, 1.0, [], [""], [None], [True], [1.0], [["a"]], {}, {"0": "a"})
    ],
    {"users": ["1", "\ud800"]},
    {"channel": "a" * 100_000},
    {"channel": [["a" * 100] * 100] * 100},
]


def expected(fields: dict[str, Any]) -> tuple[int, str]:
    (field,) = fields
    return 422, "bad_user" if field.startswith("user") else "bad_channel"


@pytest.mark.parametrize("fields", [*BAD, *PHP_LISTS], ids=str)
def test_what_cannot_be_a_name_is_refused(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, str]
) -> None:
    for way in ("query_string", "data", "json"):
        assert error(send(http, {way: {"content": "a", **fields}})) == expected(fields)
    assert queue.pushes == []


@pytest.mark.parametrize("fields", BAD_IN_JSON, ids=lambda fields: str(fields)[:40])
def test_what_cannot_be_a_name_is_refused_in_json(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, Any]
) -> None:
    assert error(send(http, {"json": {"content": "a", **fields}})) == expected(fields)
    assert queue.pushes == []


@pytest.mark.parametrize("fields", [*BAD, *BAD_IN_JSON], ids=lambda fields: str(fields)[:40])
def test_what_cannot_be_a_name_refuses_the_batch_and_is_named(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, Any]
) -> None:
    refused = batch(http, "a", {"content": "b", **fields}, "c")

    assert error(refused) == expected(fields)
    assert refused[1]["index"] == 1
    assert queue.pushes == []


@pytest.mark.parametrize("fields", PHP_LISTS, ids=str)
def test_a_batch_has_no_field_of_an_element(
    http: FlaskClient, queue: FakeQueue, fields: dict[str, Any]
) -> None:
    assert error(batch(http, {"content": "b", **fields})) == (422, "unknown_field")
    assert queue.pushes == []


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"channels": "orders,new orders"}, "'new orders'"),
        ({"users": [1, None]}, "None"),
        ({"user": "4\n2"}, r"'4\n2' cannot be a user: 1 to 195 of"),
        ({"channel": "4 2"}, "'4 2' cannot be a channel: 1 to 200 of"),
        ({"channel": "a,b"}, 'channels=["a,b"]'),
        ({"channel": "a,b"}, "several go into channels"),
        ({"channels": '["a"'}, "begins like a JSON list"),
        ({"user": "user:42"}, "leave user: out"),
        ({"channels[0]": "a"}, "'channels[0]'"),
        ({"users": []}, "users"),
    ],
)
def test_the_answer_shows_what_is_wrong(
    http: FlaskClient, fields: dict[str, Any], shown: str
) -> None:
    assert shown in send(http, {"json": {"content": "a", **fields}})[1]["msg"]


# As many as MAX_CHANNELS.


@pytest.fixture
def three(queue: FakeQueue) -> FlaskClient:
    return create_app(Settings(max_channels=3), queue, FakePresenceReader()).test_client()


@pytest.mark.parametrize(
    "fields",
    [
        {"channels": "a,b,c"},
        {"users": [1, 2, 3]},
        {"channel": "a", "channels": "a,b", "user": "1", "users": "1"},
    ],
)
def test_a_message_may_have_so_many_channels(
    three: FlaskClient, queue: FakeQueue, fields: dict[str, Any]
) -> None:
    assert send(three, {"json": {"content": "a", **fields}}) == OK
    assert len(json.loads(queue.take()[0][1:])["channels"]) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"channels": "a,b,c,d"},
        {"channels": ["a", "b", "c", "d"]},
        {"users": [1, 2, 3, 4]},
        {"channel": "a", "channels": "b", "user": "1", "users": "2"},
        {"channels": "a,b,c", "user": "1"},
        {"channels": "a,a,a,a"},  # A list is not looked at for longer than that.
        {"users": ",,,"},
    ],
)
def test_a_message_may_have_not_one_channel_more(
    three: FlaskClient, queue: FakeQueue, fields: dict[str, Any]
) -> None:
    refused = batch(three, "a", {"content": "b", **fields})

    assert error(send(three, {"json": {"content": "a", **fields}})) == (422, "too_many_channels")
    assert (*error(refused), refused[1]["index"]) == (422, "too_many_channels", 1)
    assert queue.pushes == []


# With an id.


def test_the_same_content_to_others_is_another_message(http: FlaskClient, queue: FakeQueue) -> None:
    first = {"query_string": {"content": "a", "id": "1", "channel": "b"}}

    assert send(http, first) == send(http, first) == OK
    for others in ({}, {"channel": "c"}, {"channel": "b", "user": "1"}):
        request = {"query_string": {"content": "a", "id": "1", **others}}
        assert error(send(http, request)) == (422, "id_reused")
    refused = batch(http, {"content": "a", "id": "1", "channel": "c"})
    assert (*error(refused), refused[1]["index"]) == (422, "id_reused", 0)
    assert queue.pushes == [[item("b")]]


def test_the_same_addresses_said_otherwise_are_the_same_message(
    http: FlaskClient, queue: FakeQueue
) -> None:
    assert send(http, {"query_string": {"content": "a", "id": "1", "user": "7"}}) == OK
    assert send(http, {"json": {"content": "a", "id": "1", "users": [7]}}) == OK
    assert send(http, {"data": {"content": "a", "id": "1", "channel": "user:7"}}) == OK
    assert queue.pushes == [[item("user:7")]]
