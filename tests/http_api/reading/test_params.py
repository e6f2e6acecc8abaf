"""What is sent is read as it was meant, or refused by name: never in part, never mangled."""

import io
import json
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.support.fakes import FakeQueue

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NDJSON = "application/x-ndjson"
MULTIPART = "multipart/form-data; boundary=B"
SUCCESS = {"code": 0, "msg": "success"}

NO_UTF_8 = {
    "GBK": "订单".encode("gbk"),
    "latin-1": b"caf\xe9",
    "half a pair": b"\xed\xa0\xbd",
    "cut": "消".encode()[:2],
    "overlong": b"\xc0\x80",
    "ff": b"\xff\xfe",
}


def part(name: str, value: bytes, more: str = "", headers: str = "") -> bytes:
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n{headers}\r\n'
    return head.encode() + value + b"\r\n"


def multipart(*parts: bytes) -> dict[str, Any]:
    return {"data": b"".join(parts) + b"--B--\r\n", "content_type": MULTIPART}


def sent(http: FlaskClient, **request: Any) -> tuple[int, str | None]:
    """The status, and the error if there is one."""
    path = request.pop("path", "/push")
    method = request.pop("method", "POST" if "data" in request else "GET")
    response = http.open(path, method=method, **request)
    body = response.get_json()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert len(body["msg"]) < 160
    return response.status_code, body.get("error")


def query(raw: bytes) -> dict[str, str]:
    """As WSGI holds it; the test client would make text of it."""
    return {"QUERY_STRING": raw.decode("latin-1")}


def ways(name: str, raw: bytes) -> dict[str, dict[str, Any]]:
    """A parameter, as bytes, in each of the places where it can be."""
    escaped = quote_from_bytes(raw, safe="").encode()
    other = b"" if name == "content" else b"content=a&"
    beside = () if name == "content" else (part("content", b"a"),)
    pair, escaped_pair = (other + name.encode() + b"=" + value for value in (raw, escaped))
    return {
        "raw in the query": {"environ_overrides": query(pair)},
        "in the query": {"environ_overrides": query(escaped_pair)},
        "in the query of a POST": {"environ_overrides": query(escaped_pair), "method": "POST"},
        "raw in a form": {"data": pair, "content_type": FORM},
        "in a form": {"data": escaped_pair, "content_type": FORM},
        "in multipart": multipart(*beside, part(name, raw)),
    }


@pytest.mark.parametrize("raw", NO_UTF_8.values(), ids=NO_UTF_8)
@pytest.mark.parametrize("name", ["content", "id", "channel", "users"])
def test_bytes_that_are_no_utf_8_are_refused_wherever_they_stand(
    http: FlaskClient, queue: FakeQueue, name: str, raw: bytes
) -> None:
    for where, request in ways(name, raw).items():
        assert sent(http, **request) == (422, "content_not_text"), where
    for data in (b'{"content":"a","id":"' + raw + b'"}', b'{"' + raw + b'":1,"content":"a"}'):
        assert sent(http, data=data, content_type=JSON) == (422, "content_not_text")
    for data, kind in ((b'["' + raw + b'"]', JSON), (b'"a"\n"' + raw + b'"\n', NDJSON)):
        refused = sent(http, path="/push/batch", data=data, content_type=kind)
        assert refused == (422, "content_not_text")
    assert queue.pushes == []


def test_utf_8_may_stand_anywhere_escaped_or_not(http: FlaskClient, queue: FakeQueue) -> None:
    for where, request in ways("content", "订单 😀 ".encode()).items():
        assert sent(http, **request) == (200, None), where
    assert queue.take() == ["订单 😀 ".encode()] * 6


@pytest.mark.parametrize("path", ["/users/%ff", "/users/%D6%D0", "/channels/caf%E9"])
def test_a_name_in_the_path_that_is_no_utf_8_is_refused(http: FlaskClient, path: str) -> None:
    assert sent(http, path=path) == (422, "content_not_text")


@pytest.mark.parametrize(
    ("charset", "content", "status"),
    [
        ("utf-8", "é", 200),
        ("UTF8", "é", 200),
        ('"utf-8"', "é", 200),
        ("ISO-8859-1", "e", 200),  # As Apache's client for Java says of whatever it sends.
        ("ISO-8859-1", "é", 415),
        ("GBK", "é", 415),
        ("utf-7", "e", 415),
        ("x" * 5000, "e", 415),
    ],
)
def test_another_charset_is_refused_where_it_makes_a_difference(
    http: FlaskClient, queue: FakeQueue, charset: str, content: str, status: int
) -> None:
    raw = content.encode()
    form = {"data": b"content=" + raw, "content_type": f"{FORM}; charset={charset}"}
    document = {"data": b'["' + raw + b'"]', "content_type": f"{JSON}; charset={charset}"}
    of_part = part("content", raw, headers=f"Content-Type: text/plain; charset={charset[:99]}\r\n")

    assert sent(http, **form)[0] == status
    assert sent(http, path="/push/batch", **document)[0] == status
    assert sent(http, **multipart(of_part))[0] == status
    assert queue.take() == ([raw] * 3 if status == 200 else [])


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_may_be_any_unicode(http: FlaskClient, queue: FakeQueue, charset: str) -> None:
    for path, document in (("/push", {"content": "订é"}), ("/push/batch", ["订é"])):
        raw = json.dumps(document, ensure_ascii=False).encode(charset)
        assert sent(http, path=path, data=raw, content_type=JSON) == (200, None)
    lines = '"订é"\n"a"\n'.encode(charset)
    assert sent(http, path="/push/batch", data=lines, content_type=NDJSON) == (200, None)
    assert queue.take() == [*["订é".encode()] * 3, b"a"]


@pytest.mark.parametrize("path", ["/push", "/push/batch"])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "x" * 999])
@pytest.mark.parametrize("kind", [JSON, FORM, NDJSON, MULTIPART])
def test_a_compressed_body_is_refused(
    http: FlaskClient, queue: FakeQueue, path: str, encoding: str, kind: str
) -> None:
    request = {
        "path": path,
        "query_string": "content=a" if path == "/push" else "",
        "data": b"\x1f\x8b\x08",
        "content_type": kind,
        "headers": {"Content-Encoding": encoding},
    }

    assert sent(http, **request) == (415, "unsupported_media_type")
    assert queue.pushes == []


UNREAD: dict[str, dict[str, Any]] = {
    "JSON as a form": {"data": '{"user":"42"}', "content_type": FORM},
    "JSON with = as a form": {"data": ' {"user":"42","a":"b=c"}', "content_type": FORM},
    "a list as a form": {"data": '[{"user":"42"}]', "content_type": FORM},
    "XML as a form": {"data": '<user id="1">42</user>', "content_type": FORM},
    "no form": {"data": "user: 42", "content_type": FORM},
    "text": {"data": '{"user":"42"}', "content_type": "text/plain"},
    "untyped": {"data": "user=42"},
    "text/json": {"data": '{"user":"42"}', "content_type": "text/json"},
    "XML": {"data": "<user>42</user>", "content_type": "text/xml"},
    "no boundary": {"data": part("user", b"42"), "content_type": "multipart/form-data"},
    "a part cut off": {"data": part("user", b"42"), "content_type": MULTIPART},
    "another boundary": {**multipart(part("user", b"42")), "content_type": MULTIPART + "x"},
    "something before": {"data": b"x\r\n" + part("a", b"1") + b"--B--", "content_type": MULTIPART},
    "something behind": multipart(part("a", b"1"), b"--B--\r\n" + part("user", b"42")),
    "no name": multipart(part("user", b"42").replace(b"name=", b"nam=")),
    "an RFC 5987 name": multipart(part("user", b"42").replace(b"name=", b"name*=")),
    "two names": multipart(part("user", b"42", '; name="x"')),
    "two headers with a name": multipart(
        part("x", b"42", '\r\nContent-Disposition: form-data; name="user"')
    ),
    "an escaped name": multipart(part("u\\ser", b"")),
    "headers without end": multipart(b"--B\r\nX: " + b"a" * 9999 + b"\r\n"),
    "a file": multipart(part("user", b"42", '; filename="u"')),
    "a file without a name": multipart(part("user", b"42", "; filename=")),
    "base64": multipart(part("user", b"NDI=", headers="Content-Transfer-Encoding: base64\r\n")),
    "a form in a GET": {"data": "user=42", "content_type": FORM, "method": "GET"},
    "JSON in a GET": {"data": '{"user":"42"}', "content_type": JSON, "method": "GET"},
}


@pytest.mark.parametrize("request_", UNREAD.values(), ids=UNREAD)
def test_a_body_that_is_not_read_is_refused_as_it_may_say_for_whom_the_push_is(
    http: FlaskClient, queue: FakeQueue, request_: dict[str, Any]
) -> None:
    status, error = sent(http, query_string="content=secret", **request_)

    assert status in (415, 422)
    assert error in ("unsupported_media_type", "invalid_form", "bad_user")
    assert queue.pushes == []


@pytest.mark.parametrize(
    ("kind", "told"), [(None, "a body without a Content-Type"), ("text/html", "'text/html'")]
)
def test_a_body_of_no_type_or_another_is_told_what_to_send(
    http: FlaskClient, kind: str | None, told: str
) -> None:
    answer = http.post("/push", data="user=42", content_type=kind).get_json()

    assert answer["msg"] == f"send a form, JSON or plain text, not {told}"


@pytest.mark.parametrize("kind", [FORM, JSON, MULTIPART, "text/plain", None])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_body_is_no_body_of_any_type(
    http: FlaskClient, queue: FakeQueue, method: str, kind: str | None
) -> None:
    for headers in ({}, {"Content-Length": "0"}):
        # The test client would end a multipart form that has no part.
        environ = {"CONTENT_TYPE": kind} if kind else {}
        request = {
            "query_string": "content=a",
            "environ_overrides": environ,
            "headers": headers,
        }
        assert sent(http, method=method, **request) == (200, None)
    assert queue.take() == [b"a"] * 2


def test_a_file_is_no_content(http: FlaskClient, queue: FakeQueue) -> None:
    data = {"content": (io.BytesIO(b"a file"), "a.txt")}

    assert sent(http, data=data) == (422, "content_not_text")
    assert queue.pushes == []


def test_files_and_empty_values_besides_do_no_harm(http: FlaskClient, queue: FakeQueue) -> None:
    data = {"content": "a", "upload": (io.BytesIO(b"--B\r\n"), "a;name=user"), "b": ""}
    bodiless = b'--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n'

    assert sent(http, data=data) == (200, None)
    assert sent(http, **multipart(bodiless, part("content", b"\r\n--A\r\n"))) == (200, None)
    assert queue.take() == [b"a", b"\r\n--A\r\n"]


def test_of_several_contents_the_last_counts_everywhere_as_in_php(
    http: FlaskClient, queue: FakeQueue
) -> None:
    twice = "content=1&content=2&id=a&id=b"
    document = '{"content":"1","content":"2","id":"a","id":"b"}'
    in_parts = MultiDict([("content", "1"), ("content", "2"), ("id", "a"), ("id", "b")])

    for request in (
        {"query_string": twice},
        {"data": twice, "content_type": FORM},
        {"data": in_parts, "content_type": "multipart/form-data"},
        {"data": document, "content_type": JSON},
        {"path": "/push/batch", "data": f"[{document}]", "content_type": JSON},
    ):
        assert sent(http, **request) == (200, None)
        assert queue.take() == [b"2"]
        assert sent(http, query_string="content=3&id=a") == (200, None)  # That one is free.
        assert queue.take() == [b"3"]


@pytest.mark.parametrize("count", [1000, 1001])
def test_so_many_fields_are_allowed_and_not_one_more(
    http: FlaskClient, queue: FakeQueue, count: int
) -> None:
    pairs = "content=a" + "&b=1" * (count - 1)
    parts = [part("content", b"a"), *[part("b", b"1")] * (count - 1)]
    document = {"content": "a", **{f"b{place}": 1 for place in range(count - 1)}}

    for request in (
        {"query_string": pairs},
        {"data": pairs, "content_type": FORM},
        multipart(*parts),
        {"data": json.dumps(document), "content_type": JSON},
    ):
        wanted = (200, None) if count == 1000 else (422, "too_many_fields")
        assert sent(http, **request) == wanted
        assert queue.take() == ([b"a"] if count == 1000 else [])


@pytest.mark.parametrize("name", ["content", "id", "channel", "users"])
def test_a_value_that_is_far_too_long_is_refused_by_its_name(
    http: FlaskClient, queue: FakeQueue, name: str
) -> None:
    wanted = {
        "content": (413, "content_too_large"),
        "id": (422, "bad_id"),
        "channel": (422, "bad_channel"),
        "users": (422, "bad_user"),
    }
    for data in (b"%41" * 70_000, b"a" * 70_000, b"a" * 200_000):
        request = {"data": b"content=a&" + name.encode() + b"=" + data, "content_type": FORM}
        assert sent(http, **request) == wanted[name]
    assert queue.pushes == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1" * 5000])
def test_what_is_no_number_in_json_is_refused(
    http: FlaskClient, queue: FakeQueue, number: str
) -> None:
    for text in (f'{{"content":"a","id":{number}}}', f'{{"content":{number}}}'):
        assert sent(http, data=text, content_type=JSON) == (422, "invalid_json")
        lines = {"path": "/push/batch", "data": text, "content_type": NDJSON}
        assert sent(http, **lines) == (422, "invalid_json")
    assert queue.pushes == []


@pytest.mark.parametrize("place", ["name", "type", "value"])
def test_an_error_shows_a_little_of_what_was_sent(
    http: FlaskClient, queue: FakeQueue, place: str
) -> None:
    long = "x" * 5000
    request: dict[str, Any] = {
        "name": {"data": json.dumps([{long: 1}]), "content_type": JSON, "path": "/push/batch"},
        "type": {"data": "a", "content_type": long},
        "value": {"data": json.dumps({"content": "a", "user": [long] * 99}), "content_type": JSON},
    }[place]

    assert sent(http, **request)[0] in (415, 422)
    assert queue.pushes == []
