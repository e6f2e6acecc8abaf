import json
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from time import process_time
from typing import Any

import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from common.refused import Refused
from config.settings import Settings
from http_api.access import turns
from http_api.app import create_app
from http_api.reading import reading
from http_api.reading.bodies import FREE, Bodies
from tests.support.fakes import FakePresenceReader, FakeQueue

LONGEST = 4 * FREE
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Source:
    """A body that comes in pieces; `reads` counts them. Unrealistic: none makes one wait."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.reads = 0

    def read(self, size: int) -> bytes:
        self.reads += 1
        taken = min(size, self.left, 10_000)
        self.left -= taken
        return b"x" * taken


def request(source: Source, length: int | None) -> Request:
    environ = EnvironBuilder(method="POST").get_environ()
    environ |= {"wsgi.input": source, "wsgi.input_terminated": True}
    if length is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = str(length)
    return Request(environ)


@pytest.fixture
def bodies() -> Bodies:
    return Bodies(LONGEST, 2 * LONGEST)


@pytest.mark.parametrize("size", [0, 1, FREE, FREE + 1, LONGEST])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_is_read_whole(bodies: Bodies, size: int, announced: bool) -> None:
    for _ in range(9):  # Each gives back what it took.
        source = Source(size) if size > FREE or not announced else _Whole(size)
        with bodies.read(request(source, size if announced else None)) as body:
            assert body == b"x" * size


class _Whole(Source):
    def read(self, size: int) -> bytes:
        return b"x" * size


@pytest.mark.parametrize("length", [LONGEST + 1, None])
def test_a_body_that_is_too_long_is_not_read_to_its_end(bodies: Bodies, length: int | None) -> None:
    source = Source(10**12)  # As one that is sent in chunks without end.

    with pytest.raises(RequestEntityTooLarge), bodies.read(request(source, length)):
        pass
    assert source.left >= 10**12 - LONGEST - FREE
    assert (source.reads == 0) == (length is not None)


@pytest.mark.parametrize("size", [FREE - 1, LONGEST - 1])
def test_a_body_that_ends_before_its_length_is_refused(bodies: Bodies, size: int) -> None:
    for _ in range(9):
        with pytest.raises(Refused) as refused, bodies.read(request(Source(size), size + 1)):
            pass
        assert (refused.value.status, refused.value.error) == (400, "body_cut_short")


class Reset:
    """The body of a client that has left."""

    def read(self, size: int) -> bytes:
        raise ConnectionResetError


CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


@pytest.mark.parametrize(
    "announced", [{"CONTENT_LENGTH": "5"}, {"CONTENT_LENGTH": "100000"}, CHUNKED]
)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_client_that_leaves_in_the_middle_of_its_body_fills_no_log(
    caplog: pytest.LogCaptureFixture, announced: dict[str, Any], method: str
) -> None:
    client = create_app(Settings(), FakeQueue(), FakePresenceReader()).test_client()
    environ = {"wsgi.input": Reset(), **announced}

    answer = client.open("/push?content=x", method=method, environ_overrides=environ)

    assert answer.status_code in (400, 415)
    assert not caplog.records


def test_bodies_that_are_under_way_have_a_bound_together(bodies: Bodies) -> None:
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(bodies.read(request(Source(LONGEST), LONGEST)))
        refused, source = Source(LONGEST), Source(LONGEST)
        with pytest.raises(Refused) as announced:
            held.enter_context(bodies.read(request(refused, LONGEST)))
        with pytest.raises(Refused) as chunked:
            held.enter_context(bodies.read(request(source, None)))
        with bodies.read(request(_Whole(FREE), FREE)) as small:
            assert len(small) == FREE

    assert refused.reads == 0
    assert source.left >= LONGEST - 4 * FREE
    for problem in (announced.value, chunked.value):
        assert (problem.status, problem.error) == (503, "too_many_bodies")
        assert problem.headers == {"Retry-After": "1"}
    with bodies.read(request(Source(LONGEST), LONGEST)) as body:
        assert len(body) == LONGEST


def test_what_was_only_announced_takes_no_room(bodies: Bodies) -> None:
    class Waiting(Source):
        """Others come while it is waited for."""

        def read(self, size: int) -> bytes:
            for _ in range(2):
                with bodies.read(request(Source(LONGEST), LONGEST)) as body:
                    assert len(body) == LONGEST
            return b""

    with pytest.raises(Refused), bodies.read(request(Waiting(0), LONGEST)):
        pass


# What a body of the largest size may cost.

SIZE = 2 * 1024 * 1024


def filled(start: str, middle: str, end: str) -> bytes:
    return (start + middle * (SIZE // len(middle.encode())) + end).encode()


def part(name: str, value: str) -> str:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


NDJSON, MULTIPART = "application/x-ndjson", "multipart/form-data; boundary=B"
NAMES = "{" + ",".join(f'"chanel{place:x}":0' for place in range(SIZE // 16)) + "}"
DEAR: dict[str, tuple[str, str, bytes]] = {
    "names": ("/push", JSON, NAMES.encode()),
    "lists": ("/push", JSON, filled('{"content":[', "[],", "0]}")),
    "objects": ("/push", JSON, filled('{"a":[', "{},", "0]}")),
    "texts": ("/push", JSON, filled('{"a":[', '"",', "0]}")),
    "escapes": ("/push", JSON, filled('{"content":"', "\\u0001", '"}')),
    "backslashes": ("/push", JSON, filled('{"content":"', "\\\\", '"}')),
    "separators in a text": ("/push", JSON, filled('{"content":"', ',\\"[', '"}')),
    "digits": ("/push", JSON, filled('{"content":', "9", "}")),
    "decimals": ("/push", JSON, filled('{"content":0.', "9", "}")),
    "blanks": ("/push", JSON, filled("", " ", "{}")),
    "deep": ("/push", JSON, filled("", "[", "")),
    "users": ("/push", JSON, filled('{"content":"a","users":[', "1,", "1]}")),
    "an emoji": ("/push", JSON, filled('{"content":"😀', "a", '"}')),
    "UTF-16": ("/push", JSON, ('{"content":"' + "a" * (SIZE // 2) + '"}').encode("utf-16")),
    "percent": ("/push", FORM, filled("content=", "%41", "")),
    "plus": ("/push", FORM, filled("content=", "+", "")),
    "one content after the other": ("/push", FORM, filled("a=1", "&content=" + "%41" * 60_000, "")),
    "ampersands": ("/push", FORM, filled("content=a", "&", "")),
    "percent in a name": ("/push", FORM, filled("content=a&", "%41", "=")),
    "equals": ("/push", FORM, filled("content=a", "=", "")),
    "near the boundary": ("/push", MULTIPART, filled(part("a", "b"), "\r\n--A", "\r\n--B--")),
    "line ends": ("/push", MULTIPART, filled("--B", "\r\n", "--B--")),
    "parts": ("/push", MULTIPART, filled("", part("a", "b"), "--B--")),
    "quotes": ("/push", MULTIPART, filled('--B\r\nContent-Disposition: a; name="', '\\"', "")),
    "files": ("/push", MULTIPART, filled("", part("a", "b" * 2000), "--B--")),
    "lines": ("/push/batch", NDJSON, filled("", "1\n", "")),
    "empty lines": ("/push/batch", NDJSON, filled("", "\n", "")),
    "a line of lists": ("/push/batch", NDJSON, filled("[", "[],", "0]\n")),
    "lines of lists": ("/push/batch", NDJSON, filled("", "[" + "[]," * 9000 + "0]\n", "")),
    "deep lines": ("/push/batch", NDJSON, filled("", "[" * 900 + "]" * 900 + "\n", "")),
    "a batch of lists": ("/push/batch", JSON, filled("[", "[],", "[]]")),
    "a batch of numbers": ("/push/batch", JSON, filled("[", "1,", "1]")),
    "a batch of names": ("/push/batch", JSON, filled('[{"', "\\u0041", '":1}]')),
}


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return create_app(Settings(), FakeQueue(), FakePresenceReader()).test_client()


@pytest.mark.parametrize(("path", "kind", "body"), DEAR.values(), ids=DEAR)
def test_no_body_costs_much_more_than_it_is_long(
    http: FlaskClient, path: str, kind: str, body: bytes
) -> None:
    def send() -> Any:
        return http.post(path, data=body, content_type=kind).get_json()

    began = process_time()
    answer = send()
    took = process_time() - began
    tracemalloc.start()
    try:
        send()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert len(answer["msg"]) < 160
    assert took < 1.0  # It takes 0.1 at most; a slow machine is no failure.
    assert peak < 12 * SIZE


def test_others_have_a_turn_while_a_long_batch_is_read(
    http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    pause: Callable[[float], None] = pauses.append
    monkeypatch.setattr(turns, "sleep", pause)
    monkeypatch.setattr(turns, "TURN", 0)

    answer = http.post("/push/batch", data=json.dumps(["a"] * 10_000), content_type=JSON)

    assert answer.get_json()["count"] == 10_000
    assert len(pauses) >= 10_000 // reading.AT_A_TIME
    assert min(pauses) > 0  # At 0 gevent does not look at sockets.
