"""Whatever is sent to the HTTP API is answered as its OpenAPI document says; with hypothesis."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import assume, example, given
from hypothesis import strategies as st

from config.settings import Settings
from tests.support.fakes import FakeQueue
from tests.support.keys import SECRET
from tests.support.openapi import DOCUMENT, validate, validate_response
from tests.support.reads import Stores
from tests.support.strategies import latin, texts

Api = tuple[FlaskClient, FakeQueue]

ROUTES = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]
FORM, MULTIPART, JSON = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
)
LINES = sorted(set(DOCUMENT["paths"]["/push/batch"]["post"]["requestBody"]["content"]) - {JSON})
PART = '--a\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n--a--\r\n'

words = st.sampled_from(["a", "b", "1", "2", "", "é", "\x1e", '{"', "%ff", "%", "123456789"])
addresses = ["channel", "channels", "user", "users"]
names = st.sampled_from(["content", "id", "a", "é", "users[0]", *addresses])
values = words | st.none() | st.booleans() | st.integers() | st.floats() | texts(5)
fields = st.fixed_dictionaries(
    {"content": values},
    optional={
        "id": values,
        "a": values,
        **dict.fromkeys(addresses, values | st.lists(values, max_size=4)),
    },
)
documents = st.recursive(
    values | fields,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
pairs = st.lists(st.tuples(names, words), max_size=4).map(
    lambda fields: "&".join(f"{name}={value}" for name, value in fields)
)
json_bodies = st.one_of(documents, fields, st.lists(fields | values, max_size=4)).map(json.dumps)
lines = st.lists(json_bodies | words, max_size=4).map("\n".join)
parts = st.builds(PART.format, names, words)
odd_types = st.sampled_from([FORM, MULTIPART, JSON, *LINES, "text/plain", "a", ""])
payloads = st.one_of(
    st.tuples(st.just(JSON), json_bodies),
    st.tuples(st.sampled_from(LINES), lines),
    st.tuples(st.just(FORM), pairs),
    st.tuples(st.just(f"{MULTIPART}; boundary=a"), parts),
    st.tuples(odd_types, json_bodies | lines | pairs | parts),
    st.tuples(odd_types, st.binary(max_size=80)),
)
filenames = st.sampled_from(["docs.js", "console/main.js", "no.js", "../app.py"])
path_names = st.sampled_from(
    ["42", "a@b.c:d-e", "orders.*", "*", "a b", "%00", "%C3%A9", "a" * 201]
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "Idempotency-Key": words | latin(8).filter(lambda value: not {*value} & {*"\r\n"}),
        "Range": st.sampled_from(["bytes=0-1", "bytes=999999-", "bytes=a", ""]),
        "Content-Length": st.sampled_from(["0", "1", "70", "-1", "a"]),
    },
)
requests = st.builds(
    lambda query, payload, headers: {
        "query_string": query,
        "content_type": payload[0],
        "data": payload[1],
        "headers": headers,
    },
    pairs | latin(8),
    payloads,
    st.just({}) | headers,
)


@pytest.fixture(scope="module")
def api() -> Api:
    queue = FakeQueue()
    limits = Settings(
        max_content_bytes=8, max_body_bytes=64, max_channels=3, subscribe_secret=SECRET
    )
    return Stores().app(limits, queue).test_client(), queue


@pytest.mark.parametrize(("method", "path"), ROUTES)
@given(request_=requests, filename=filenames, name=path_names)
def test_any_request_is_answered_as_documented(
    api: Api, method: str, path: str, request_: dict[str, Any], filename: str, name: str
) -> None:
    http, queue = api
    path_ = path.format(filename=filename, user=name, channel=name, push=name)

    with http.open(path_, method=method, **request_) as response:
        validate_response(response, method, path)
        accepted = response.is_json and response.get_json().get("code") == 0

    assert response.status_code < 500
    assert accepted or queue.pushes == []
    queue.take()


@given(method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "A"]), path=latin(8))
@example(method="POST", path="push//batch")  # A redirect would be no answer in JSON.
@example(method="GET", path="static/\x00")
@example(method="POST", path="healthz")
def test_what_is_not_documented_is_refused_in_the_same_shape(
    api: Api, method: str, path: str
) -> None:
    path = path.lstrip("/")  # As werkzeug does.
    assume((method, f"/{path}") not in ROUTES)
    http, queue = api

    response = http.open("/", method=method, environ_overrides={"PATH_INFO": f"/{path}"})

    assert response.status_code in (404, 405)
    validate(response.get_json(), DOCUMENT["components"]["schemas"]["Failure"])
    assert queue.pushes == []
