"""What a push means, by the rules alone; what each field may hold is in the tests of the view."""

import json
from typing import Any

import pytest

from common.json_content import JsonText
from common.message import Tracked, item_of
from common.refused import Refused
from http_api.reading.head import Head
from http_api.reading.limits import BATCH_MESSAGES, Limits
from http_api.reading.reading import (
    AT_A_TIME,
    Entry,
    id_reused,
    read_batch,
    read_batch_head,
    read_push,
)

LIMITS = Limits(content_bytes=16, channels=3)
FORM, JSON, NDJSON = "application/x-www-form-urlencoded", "application/json", "application/x-ndjson"
MULTIPART = "multipart/form-data; boundary=B"
TEXT = "text/plain"


def push(body: bytes = b"", kind: str = FORM, query: bytes = b"", **more: Any) -> Entry | None:
    method = more.pop("method", "POST")
    return read_push(Head(method, query, kind, **more), body, LIMITS)


def batch(body: bytes, kind: str = JSON) -> list[Entry]:
    head = Head("POST", b"", kind)
    return [entry for some in read_batch(head, body, LIMITS) for entry in some]


def refusal(action: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as refused:
        action(*arguments, **named)
    return refused.value.error


def test_content_is_queued_as_its_bytes_wherever_it_stands() -> None:
    entry = ("é".encode(), None)

    assert push(method="GET", query=b"content=%C3%A9") == entry
    assert push(query=b"content=%C3%A9") == entry
    assert push("content=é".encode()) == entry
    assert push('{"content":"é"}'.encode(), JSON) == entry
    part = '--B\r\nContent-Disposition: form-data; name="content"\r\n\r\né\r\n--B--'
    assert push(part.encode(), MULTIPART) == entry


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b'{"a": 1}', b'{"a":1}'),
        (b"[]", b"[]"),
        (b'[ "\\u6d88", 1.0 ]', '["消",1.0]'.encode()),
        (b'{"user":1,"user":2}', b'{"user":2}'),  # It names nobody: it is content.
    ],
)
def test_an_object_or_a_list_is_queued_as_json(value: bytes, text: bytes) -> None:
    item = item_of(JsonText(text.decode()), text, ())
    to_some = item_of(JsonText(text.decode()), text, ("x",))
    document = b'{"content":' + value + b"}"

    assert push(document, JSON) == (item, None)
    assert push(document[:-1] + b',"id":1,"channel":"x"}', JSON) == (to_some, "1")
    assert push(document, JSON, query=b"channel=x") == (to_some, None)
    assert batch(b"[" + document + b',{"content":1}]') == [(item, None), (b"1", None)]
    assert batch(document + b'\n"a"\n', NDJSON) == [(item, None), (b"a", None)]


def test_text_that_looks_like_json_stays_text() -> None:
    text = b'{"a":1}'

    assert push(method="GET", query=b"content=" + text) == (text, None)
    assert push(b'{"content":"{\\"a\\":1}"}', JSON) == (text, None)


def test_a_batch_within_a_batch_is_no_content() -> None:
    assert refusal(batch, b'[[{"content":"a","user":1}]]') == "content_not_text"


@pytest.mark.parametrize("text", ["hello", "two words!\n", "订单", "1+1", "100%", "a\x1e", "%4"])
@pytest.mark.parametrize("kind", [FORM, f"{FORM}; charset=utf-8"])
def test_what_curl_sends_without_a_name_is_the_content(text: str, kind: str) -> None:
    to_some = item_of(text, text.encode(), ("orders",))

    assert push(text.encode(), kind) == (text.encode(), None)
    assert push(text.encode(), kind, query=b"channel=orders&id=1") == (to_some, "1")


@pytest.mark.parametrize("text", ["a=b&c", "%41", " ", "user", '{"a":1}', "订单\n", "\x1e"])
@pytest.mark.parametrize("charset", ["", "; charset=UTF-8"])
def test_plain_text_is_the_content_as_it_is(text: str, charset: str) -> None:
    kind = f"text/plain{charset}"
    to_some = item_of(text, text.encode(), ("orders",))

    assert push(text.encode(), kind) == (item_of(text, text.encode(), ()), None)
    assert push(text.encode(), kind, query=b"channel=orders", idempotency_key="1") == (to_some, "1")


def test_an_empty_text_is_no_content() -> None:
    assert push(b"", "text/plain") is None
    assert push(b" \r\n") is None
    assert push(b"content=") is None


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"body": b"a&b"}, "invalid_form"),
        ({"body": b"%41"}, "invalid_form"),
        ({"body": b"users"}, "invalid_form"),
        ({"body": b"content\n"}, "invalid_form"),
        ({"body": b"hello", "query": b"content=a"}, "invalid_form"),
        ({"body": b"a\xff"}, "content_not_text"),
        ({"body": b"a" * 17}, "content_too_large"),
        ({"body": b"\xe6\xb6\x88", "kind": f"{FORM}; charset=gbk"}, "unsupported_media_type"),
        ({"body": b"hello", "query": b"content=", "kind": TEXT}, "unsupported_media_type"),
        ({"body": b' {"content":1}', "kind": TEXT}, "unsupported_media_type"),
        ({"body": b"\xe6\xb6\x88", "kind": f"{TEXT}; charset=gbk"}, "unsupported_media_type"),
        ({"body": b"\xff", "kind": TEXT}, "content_not_text"),
        ({"body": b"a" * 17, "kind": TEXT}, "content_too_large"),
        ({"body": b"hello", "kind": TEXT, "query": b"channel="}, "bad_channel"),
        ({"body": b"hello", "kind": TEXT, "method": "GET"}, "unsupported_media_type"),
    ],
)
def test_a_text_that_may_be_meant_otherwise_is_refused(
    request_: dict[str, Any], error: str
) -> None:
    assert refusal(push, **request_) == error


def test_the_body_wins_over_the_query() -> None:
    assert push(b"content=b", query=b"content=a") == (b"b", None)


@pytest.mark.parametrize("query", [b"", b"content=", b"content=&id=1", b"other=1"])
def test_without_content_nothing_is_queued(query: bytes) -> None:
    assert push(method="GET", query=query) is None


def test_an_id_comes_from_the_header_or_a_parameter() -> None:
    assert push(b"content=a&id=1") == (b"a", "1")
    assert push(b"content=a", idempotency_key="1") == (b"a", "1")
    assert push(b"content=a&id=1", idempotency_key="1") == (b"a", "1")
    assert refusal(push, b"content=a&id=1", idempotency_key="2") == "bad_id"
    assert refusal(push, b"content=a", idempotency_key="") == "bad_id"
    assert refusal(push, b"content=a", idempotency_key="\xe9") == "content_not_text"


def test_recipients_make_an_envelope() -> None:
    entry = push(b"content=a&channel=x&user=1")

    assert entry is not None
    assert json.loads(entry[0][1:]) == {"content": "a", "channels": ["x", "user:1"]}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"method": "GET", "body": b"x"}, "unsupported_media_type"),
        ({"body": b"content=a", "kind": ""}, "unsupported_media_type"),
        ({"body": b"content=a", "content_encoding": "gzip"}, "unsupported_media_type"),
        ({"body": b"", "content_encoding": "br"}, "unsupported_media_type"),
        ({"body": b"[]", "kind": JSON}, "json_not_object"),
        ({"body": b"{", "kind": JSON}, "invalid_json"),
        ({"body": b"content=\xff"}, "content_not_text"),
        ({"body": b"content=" + b"a" * 17}, "content_too_large"),
        ({"query": b"content=a&channel=!"}, "bad_channel"),
        ({"query": b"content=a&chanel=x"}, "unknown_field"),
    ],
)
def test_what_is_wrong_is_refused(request_: dict[str, Any], error: str) -> None:
    assert refusal(push, **request_) == error


def test_what_is_wrong_with_the_head_is_said_first() -> None:
    request = {"query": b"chanel=x", "content_encoding": "gzip", "body": b"{", "kind": JSON}

    assert refusal(push, **request) == "unknown_field"


def test_a_batch_is_an_array_or_lines() -> None:
    entries = [(b"a", None), (b"1", "2")]

    assert batch(b'["a",{"content":1,"id":2}]') == entries
    assert batch(b'"a"\n\n{"content":1,"id":2}\n', NDJSON) == entries


def test_a_batch_comes_a_few_at_a_time() -> None:
    steps = read_batch(Head("POST", b"", JSON), json.dumps(["a"] * 300).encode(), LIMITS)

    assert [len(some) for some in steps] == [AT_A_TIME, AT_A_TIME, 300 - 2 * AT_A_TIME]


def test_nothing_behind_what_is_wrong_is_read() -> None:
    lines = b'"a"\n' * AT_A_TIME + b"{\n"
    steps = read_batch(Head("POST", b"", NDJSON), lines, LIMITS)

    assert len(next(steps)) == AT_A_TIME
    with pytest.raises(Refused) as refused:
        next(steps)
    assert (refused.value.error, refused.value.index) == ("invalid_json", AT_A_TIME)


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"[]", JSON, "empty_batch"),
        (b"\n", NDJSON, "empty_batch"),
        (b"{}", JSON, "json_not_array"),
        (b'["a",""]', JSON, "content_empty"),
        (b'[{"content":"a","to":"x"}]', JSON, "unknown_field"),
        (b"content=a", FORM, "unsupported_media_type"),
        (b'"a"\n' * (BATCH_MESSAGES + 1), NDJSON, "batch_too_large"),
    ],
)
def test_a_wrong_batch_is_refused(body: bytes, kind: str, error: str) -> None:
    assert refusal(batch, body, kind) == error


@pytest.mark.parametrize(
    ("head", "error"),
    [
        (Head("POST", b"", JSON, idempotency_key="1"), "bad_id"),
        (Head("POST", b"channel=x", JSON), "unknown_field"),
        (Head("POST", b"", JSON, "gzip"), "unsupported_media_type"),
    ],
)
def test_a_batch_has_nothing_in_common(head: Head, error: str) -> None:
    assert refusal(read_batch_head, head, LIMITS) == error


def test_a_reused_id_is_refused_with_its_place() -> None:
    refused = id_reused(3)

    assert (refused.status, refused.error, refused.index) == (422, "id_reused", 3)


@pytest.mark.parametrize("asked", [b"receipt=1", b"receipt=true"])
def test_a_push_with_a_receipt_carries_its_id(asked: bytes) -> None:
    entry = push(b"content=x&id=p&" + asked)

    assert entry == (b'\x1e{"content": "x", "receipt": "p"}', "p")
    assert type(entry[1]) is Tracked
    assert push(b"content=x&" + asked, idempotency_key="p") == entry


@pytest.mark.parametrize("asked", [b"", b"&receipt=0", b"&receipt=", b"&receipt=false"])
def test_without_one_nothing_is_changed(asked: bytes) -> None:
    entry = push(b"content=x&id=p" + asked)

    assert entry == (b"x", "p")
    assert type(entry[1]) is str


def test_a_push_with_a_receipt_and_no_id_is_given_one() -> None:
    first, second = (push(b'{"content": "x", "receipt": true}', JSON) for _ in range(2))

    assert first is not None
    assert second is not None
    assert first[1]
    assert first[1] != second[1]
    assert f'"receipt": "{first[1]}"'.encode() in first[0]


def test_in_a_batch_it_needs_an_id() -> None:
    both = b'[{"content": "x", "receipt": 1, "id": "p"}, {"content": "x", "id": "p"}]'
    tracked, plain = batch(both)

    assert (type(tracked[1]), type(plain[1])) == (Tracked, str)
    assert refusal(batch, b'[{"content": "x", "receipt": 1}]') == "bad_receipt"


@pytest.mark.parametrize("value", [b"2", b"yes", b"p"])
def test_a_receipt_is_asked_for_or_not(value: bytes) -> None:
    assert refusal(push, b"content=x&receipt=" + value) == "bad_receipt"


@pytest.mark.parametrize("value", [b"2", b"[]", b"1.0", b'"yes"'])
def test_and_in_json_likewise(value: bytes) -> None:
    assert refusal(push, b'{"content": "x", "receipt": ' + value + b"}", JSON) == "bad_receipt"
