"""The rules of a push and the plain Flask application decide the same; with hypothesis."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from config.settings import Settings
from http_api.app import create_app
from http_api.reading.answers import CONTENT_EMPTY_BODY, SUCCESS_BODY, batch_body
from http_api.reading.head import Head
from http_api.reading.limits import Limits
from http_api.reading.reading import Entry, id_reused, read_batch, read_batch_head, read_push
from tests.support.fakes import FakePresenceReader, FakeQueue

LIMITS = Limits(content_bytes=16, channels=3)
Answer = tuple[int, dict[str, str], bytes]

JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}
PAIRS = [b"content=a", b"content=", b"content=%E6%B6%88", b"content=%ff", b"content=b", b"id=1"]
PAIRS += [b"id=", b"channel=x", b"channels=x,y", b"user=1", b"users[]=1", b"chanel=x", b"x=1", b"%"]
PAIRS += [b"content=" + b"a" * 17, b"channels=a,b,c,d", b"=", b"content=%1E"]
queries = st.lists(st.sampled_from(PAIRS), max_size=3).map(b"&".join)
PART = b'--B\r\nContent-Disposition: form-data; name="content"\r\n\r\na\r\n--B--\r\n'
DOCUMENTS = [
    b'{"content":"a"}',
    b'{"content":1,"id":2}',
    b'{"content":true}',
    b"{}",
    b"[]",
    b"null",
]
DOCUMENTS += [
    b'["a"]',
    b'["a","",1]',
    b'[{"content":"a","id":1},{"content":"b","id":1}]',
    b'"a"\n"b"',
]
DOCUMENTS += [
    b'{"content":"a","users":[1,2]}',
    b'{"user":1,"user":2,"content":"a"}',
    b'{"content":NaN}',
    b'{"content":{"a":[1.0,"\xe6\xb6\x88"]},"channel":"x"}',
    b'[{"content":[]},{"content":{"user":1,"user":2},"id":1},["a"]]',
]
BARE = [b"hello", b" two words!\n", b"%41", b"100%", b"user", b"a&b", "消".encode(), b"x" * 17]
DOCUMENTS += ['["消"]'.encode("utf-16"), '{"content":"é"}'.encode("latin-1"), b'["\\ud800"]', PART]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A body as it should be, or with a byte of it changed, or cut."""
    body = draw(st.sampled_from(DOCUMENTS + BARE) | queries)
    place = draw(st.integers(0, len(body)))
    ways = [body] * 3 + [body[:place], body[:place] + b"\xff" + body[place:], body + body]
    return draw(st.sampled_from(ways))


TYPES = ["application/x-www-form-urlencoded", "application/json", "application/x-ndjson", ""]
TYPES += [
    "multipart/form-data; boundary=B",
    "multipart/form-data",
    "text/plain",
    "Application/X+JSON",
]
CHARSETS = [
    "",
    "",
    "",
    "; charset=utf-8",
    "; charset=gbk",
    "; charset",
    ";;=",
    '; charset="utf-16"',
]
types = st.builds(str.__add__, st.sampled_from(TYPES), st.sampled_from(CHARSETS))
heads = st.builds(
    Head,
    st.sampled_from(["GET", "POST", "POST", "POST"]),
    queries | st.just(b""),
    types,
    st.sampled_from(["", "", "", "identity", " Identity ", "gzip", "\xe9"]),
    st.sampled_from([None, None, None, "1", "", "\xe9", "\xc3\xa9", "x" * 256]),
)


@pytest.fixture(scope="module")
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture(scope="module")
def http(queue: FakeQueue) -> FlaskClient:
    settings = Settings(max_content_bytes=LIMITS.content_bytes, max_channels=LIMITS.channels)
    return create_app(settings, queue, FakePresenceReader()).test_client()


VARYING = ("Content-Length", "X-Request-Id")


def through_flask(http: FlaskClient, path: str, head: Head, body: bytes) -> Answer:
    environ = {
        "QUERY_STRING": head.query.decode("latin-1"),
        "CONTENT_TYPE": head.content_type,
        "HTTP_CONTENT_ENCODING": head.content_encoding,
    }
    if head.idempotency_key is not None:
        environ["HTTP_IDEMPOTENCY_KEY"] = head.idempotency_key
    response = http.open(path, method=head.method, data=body, environ_overrides=environ)
    told = {name: value for name, value in response.headers.items() if name not in VARYING}
    return response.status_code, told, response.data


def through_the_rules(path: str, head: Head, body: bytes, queue: FakeQueue) -> Answer:
    try:
        if path == "/push":
            entry = read_push(head, body, LIMITS)
            if entry is None:
                return 200, JSON_TYPE, CONTENT_EMPTY_BODY
            _queue_all([entry], queue, is_batch=False)
            return 200, JSON_TYPE, SUCCESS_BODY
        read_batch_head(head, LIMITS)
        entries = list(_all(read_batch(head, body, LIMITS)))
        _queue_all(entries, queue, is_batch=True)
    except Refused as refused:
        return refused.status, {**JSON_TYPE, **refused.headers}, refused.body()
    return 200, JSON_TYPE, batch_body(len(entries))


def _all(steps: Iterator[list[Entry]]) -> Iterator[Entry]:
    for some in steps:
        yield from some


def _queue_all(entries: list[Entry], queue: FakeQueue, *, is_batch: bool) -> None:
    reused = queue.push_once([item for item, _ in entries], [id_ for _, id_ in entries], 60)
    if reused is not None:
        raise id_reused(reused if is_batch else None)


@given(path=st.sampled_from(["/push", "/push", "/push/batch"]), head=heads, body=damaged())
def test_the_rules_and_the_application_decide_the_same(
    http: FlaskClient, queue: FakeQueue, path: str, head: Head, body: bytes
) -> None:
    if path == "/push/batch":
        head = head._replace(method="POST")
    by_rules = FakeQueue()

    answer = through_flask(http, path, head, body)
    queued = queue.take()

    assert answer == through_the_rules(path, head, body, by_rules)
    assert queued == by_rules.take()
