"""The OpenAPI document is true: the same routes, and examples that are what it says."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from config.settings import Settings
from http_api.app import PUBLIC
from tests.support.fakes import FakeQueue
from tests.support.keys import SECRET
from tests.support.openapi import DOCUMENT, errors_of, responses, validate
from tests.support.reads import Stores

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
AUTOMATIC = {"HEAD", "OPTIONS"}  # Flask's, of no interest to a caller.


def routes() -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Where, schema and value of every example of a body."""
    for method, path in sorted(routes()):
        operation = DOCUMENT["paths"][path][method.lower()]
        bodies = {"request": operation.get("requestBody", {}), **responses(method, path)}
        for name, body in bodies.items():
            for kind, media in body.get("content", {}).items():
                for title, example in media.get("examples", {}).items():
                    yield (
                        f"{method} {path} {name} {kind} {title}",
                        media["schema"],
                        example["value"],
                    )


def requests() -> Iterator[Any]:
    """Method, path, type and body of every example of a request."""
    for method, path in sorted(routes()):
        body = DOCUMENT["paths"][path][method.lower()].get("requestBody", {})
        for kind, media in body.get("content", {}).items():
            for title, example in media["examples"].items():
                yield pytest.param(
                    method, path, kind, example["value"], id=f"{path} {kind} {title}"
                )


def test_the_document_is_served(http: FlaskClient) -> None:
    response = http.get("/openapi.json")

    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert response.get_json() == DOCUMENT


def test_the_document_has_the_version_of_the_package() -> None:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]

    assert DOCUMENT["info"]["version"] == project["version"]


def test_every_route_is_documented_and_no_other() -> None:
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in Stores().app().url_map.iter_rules()
        for method in (rule.methods or set()) - AUTOMATIC
    }

    assert routes() == served


@pytest.mark.parametrize(
    ("schema", "value"), [pytest.param(*rest, id=where) for where, *rest in examples()]
)
def test_an_example_is_what_its_schema_says(schema: Any, value: Any) -> None:
    validate(value, schema)


def test_every_error_has_an_example() -> None:
    for method, path in routes():
        for status, response in responses(method, path).items():
            shown = response.get("content", {}).get("application/json", {}).get("examples", {})
            assert errors_of(method, path, status) <= set(shown), (method, path, status)


@pytest.mark.parametrize(("method", "path", "kind", "value"), list(requests()))
def test_an_example_of_a_request_is_accepted(
    queue: FakeQueue, method: str, path: str, kind: str, value: Any
) -> None:
    http = Stores().app(Settings(subscribe_secret=SECRET), queue).test_client()
    data = json.dumps(value) if kind == "application/json" else value

    response = http.open(path, method=method, data=data, content_type=kind)

    assert (response.status_code, response.get_json()["code"]) == (200, 0)
    assert len(queue.pushes) == (1 if path.startswith("/push") else 0)


def test_a_route_that_needs_a_token_says_so() -> None:
    rules = Stores().app().url_map.iter_rules()
    guarded = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in rules
        if rule.endpoint not in PUBLIC
    }

    assert len(guarded) > 4
    for method, path in routes():
        needs_token = "security" in DOCUMENT["paths"][path][method.lower()]
        assert needs_token == (path in guarded), path
        assert ("401" in responses(method, path)) == needs_token, path


def test_the_shape_of_a_failure_is_closed() -> None:
    failure = DOCUMENT["components"]["schemas"]["Failure"]

    with pytest.raises(AssertionError):
        validate({"code": -1, "msg": "?", "error": "no_such_error"}, failure)
    with pytest.raises(AssertionError):
        validate({"code": -1, "msg": "?", "error": "not_found", "more": 1}, failure)
