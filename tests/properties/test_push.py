"""What holds for any push, whatever is in it; with hypothesis."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from config.settings import Settings
from http_api.app import create_app
from tests.support.fakes import FakePresenceReader, FakeQueue
from tests.support.strategies import json_contents, texts

LIMIT = 16  # Bytes of content, so that many examples are at its edge.
MOST = 3  # Channels, for the same reason.

Api = tuple[FlaskClient, FakeQueue]
Send = Callable[[FlaskClient, str], TestResponse]


def post_json(http: FlaskClient, document: str, path: str = "/push") -> TestResponse:
    return http.post(path, data=document.encode(), content_type="application/json")


WAYS: dict[str, Send] = {
    "query": lambda http, text: http.get("/push", query_string={"content": text}),
    "query of a post": lambda http, text: http.post("/push", query_string={"content": text}),
    "form": lambda http, text: http.post("/push", data={"content": text}),
    "multipart": lambda http, text: http.post(
        "/push", data={"content": text}, content_type="multipart/form-data"
    ),
    "json": lambda http, text: post_json(http, json.dumps({"content": text})),
    "json in utf-8": lambda http, text: post_json(
        http, json.dumps({"content": text}, ensure_ascii=False)
    ),
}

content_texts = texts(LIMIT + 2) | texts(6).map(lambda text: "\x1e" + text)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
no_texts = st.sampled_from([True, False, [], ["a"], {}, {"content": "a"}])
contents = content_texts | numbers | no_texts | json_contents | st.none()
ids = st.sampled_from(["1", "2", 1, None]) | st.integers() | texts(3) | no_texts
good = st.fixed_dictionaries(
    {"content": st.sampled_from(["a", "b", 1])}, optional={"id": st.sampled_from(["1", "2", 1])}
)
names = st.sampled_from(["a", "b", "1", 1, "a,b", "x" * 195, "x" * 201]) | texts(3)
lists = st.lists(names | no_texts | st.none(), max_size=4) | names.map("{0},{0},a".format)
addresses = {
    "channel": names | no_texts | st.none(),
    "channels": lists | names | no_texts | st.none(),
    "user": names | no_texts | st.none(),
    "users": lists | names | no_texts | st.none(),
}
messages = st.one_of(
    contents,
    st.fixed_dictionaries({"content": contents}, optional={"id": ids}),
    st.fixed_dictionaries({"content": st.just("a")}, optional=addresses),
    st.dictionaries(st.sampled_from(["content", "id", "to"]), texts(3)),
)
batches = st.lists(good | texts(3).filter(bool), min_size=1, max_size=6) | st.lists(
    messages, min_size=1, max_size=4
)


@pytest.fixture(scope="module")
def api() -> Api:
    queue = FakeQueue()
    limits = Settings(max_content_bytes=LIMIT, max_channels=MOST)
    return create_app(limits, queue, FakePresenceReader()).test_client(), queue


def channels_or_error(fields: dict[str, Any]) -> list[str] | str:
    """The channels that a message is pushed to, or the error."""
    found: list[str] = []
    for field in addresses:
        if field not in fields:
            continue  # What is there and empty names nobody, and is refused below.
        value = fields[field]
        if field.endswith("s"):
            value = value.split(",") if isinstance(value, str) else value
        elements = value if field.endswith("s") and isinstance(value, list) else [value]
        if len(elements) > MOST:
            return "too_many_channels"
        is_user = field.startswith("user")
        for element in elements or [[]]:
            name = f"user:{element}" if is_user else str(element)
            is_text = type(element) in (int, str) and str(element) != ""
            may_be_two = not field.endswith("s") and "," in name
            is_name = re.fullmatch("[a-zA-Z0-9_.:@=,;-]{1,200}", name)
            if not is_text or not is_name or may_be_two:
                return "bad_user" if is_user else "bad_channel"
            found += [] if name in found else [name]
    return found if len(found) <= MOST else "too_many_channels"


def item_or_error(text: str, channels: list[str] | None = None) -> bytes | str:
    """What content becomes on the queue, or the error."""
    raw = text.encode()
    if not raw:
        return "content_empty"
    if len(raw) > LIMIT:
        return "content_too_large"
    if channels:
        return b"\x1e" + json.dumps({"content": text, "channels": channels}).encode()
    return b"\x1e" + json.dumps({"content": text}).encode() if raw.startswith(b"\x1e") else raw


def json_item(value: Any, channels: list[str]) -> bytes | str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > LIMIT:
        return "content_too_large"
    to = {"channels": channels} if channels else {}
    return b"\x1e" + json.dumps({"content": text, "json": True, **to}).encode()


def read(message: Any) -> tuple[bytes | str, str | None]:
    """A message's item or error, and its id."""
    fields = message if isinstance(message, dict) else {"content": message}
    content, id_ = fields.get("content"), fields.get("id")
    if set(fields) - {"content", "id", *addresses}:
        return "unknown_field", None
    if isinstance(content, bool) or isinstance(message, list):
        return "content_not_text", None
    channels = channels_or_error(fields)
    if content not in (None, "") and isinstance(channels, str):
        return channels, None
    if isinstance(content, list | dict):
        item = json_item(content, [*channels])
    else:
        item = item_or_error("" if content is None else str(content), [*channels])
    if isinstance(item, str) or id_ is None:
        return item, None
    is_id = type(id_) in (int, str) and re.fullmatch("[ -~]{1,255}", str(id_))
    return (item, str(id_)) if is_id else ("bad_id", None)


def expected(batch: list[Any]) -> list[bytes] | tuple[str, int]:
    """What of a batch is queued, or the error and its place."""
    read_batch = [read(message) for message in batch]
    for place, (item, _) in enumerate(read_batch):
        if isinstance(item, str):
            return item, place
    queued: list[bytes] = []
    known: dict[str | None, Any] = {}
    for place, (item, id_) in enumerate(read_batch):
        if id_ is None or id_ not in known:
            queued += [item] if isinstance(item, bytes) else []
            known[id_] = item
        elif known[id_] != item:
            return "id_reused", place
    return queued


@pytest.mark.parametrize("send", WAYS.values(), ids=WAYS)
@given(text=content_texts)
def test_any_text_is_queued_as_its_bytes_whichever_way_it_comes(
    api: Api, send: Send, text: str
) -> None:
    http, queue = api
    item = item_or_error(text)

    answer = send(http, text).get_json()

    if isinstance(item, bytes):
        assert answer == {"code": 0, "msg": "success"}
        assert queue.take() == [item]
    else:
        assert (answer["code"], answer.get("error", "content_empty")) == (-1, item)
        assert queue.take() == []


@given(batch=batches)
@example(batch=["a", {"content": "a", "channel": None}])
@example(batch=[{"content": "a", "users": ""}])
def test_a_batch_is_all_or_nothing_and_lines_are_the_same(api: Api, batch: list[Any]) -> None:
    http, queue = api
    lines = "\n".join(json.dumps(message, ensure_ascii=False) for message in batch).encode()

    as_array = post_json(http, json.dumps(batch), "/push/batch").get_json()
    queued = queue.take()
    as_lines = http.post("/push/batch", data=lines, content_type="application/x-ndjson").get_json()

    assert (as_lines, queue.take()) == (as_array, queued)
    if as_array["code"] == 0:
        assert as_array["count"] == len(batch)
        assert queued == expected(batch)
    else:
        assert (as_array["error"], as_array["index"]) == expected(batch)
        assert queued == []


@given(fields=st.fixed_dictionaries({"content": st.just("a")}, optional=addresses))
def test_a_single_push_goes_to_whom_it_would_go_in_a_batch(
    api: Api, fields: dict[str, Any]
) -> None:
    http, queue = api

    alone = post_json(http, json.dumps(fields)).get_json()
    queued = queue.take()
    in_batch = post_json(http, json.dumps([fields]), "/push/batch").get_json()

    assert (alone["code"], alone.get("error")) == (in_batch["code"], in_batch.get("error"))
    assert queued == queue.take()


@given(batch=st.lists(good.filter(lambda message: "id" in message), min_size=1, max_size=6))
def test_what_has_ids_may_be_pushed_again_in_any_pieces(api: Api, batch: list[Any]) -> None:
    http, queue = api
    first = post_json(http, json.dumps(batch), "/push/batch").get_json()
    pushes = list(queue.pushes)

    again = post_json(http, json.dumps(batch), "/push/batch").get_json()
    one_by_one = [post_json(http, json.dumps(message)).get_json()["code"] for message in batch]

    assert again == first
    if first["code"] == 0:
        assert (one_by_one, queue.pushes) == ([0] * len(batch), pushes)
    queue.take()
