"""The OpenAPI document, and what it says about an answer."""

import json
from importlib import resources
from typing import Any

from jsonschema_rs import Draft202012Validator
from werkzeug.wrappers import Response


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice would hide what it names first."""
    found = dict(pairs)
    assert len(found) == len(pairs), [name for name, _ in pairs]
    return found


DOCUMENT: dict[str, Any] = json.loads(
    resources.files("http_api").joinpath("openapi.json").read_text("utf-8"),
    object_pairs_hook=_object,
)


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """The component that `node` refers to, or `node`."""
    reference = node.get("$ref")
    if reference is None:
        return node
    found: dict[str, Any] = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def responses(method: str, path: str) -> dict[str, dict[str, Any]]:
    """By status."""
    operation = DOCUMENT["paths"][path][method.lower()]
    return {status: resolve(response) for status, response in operation["responses"].items()}


def errors_of(method: str, path: str, status: str) -> set[str]:
    """The `error` codes that may come with a status."""
    content = responses(method, path)[status].get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return set(schema.get("properties", {}).get("error", {}).get("enum", ()))


def documented_errors() -> set[tuple[str, int]]:
    """Every `error` with its status, of all operations."""
    return {
        (error, int(status))
        for path, item in DOCUMENT["paths"].items()
        for method in item
        for status in responses(method, path)
        for error in errors_of(method, path, status)
    }


def validate(value: Any, schema: dict[str, Any]) -> None:
    """AssertionError unless `value` is what a schema of the document says."""
    whole = {"components": DOCUMENT["components"], "allOf": [schema]}
    problems = [problem.message for problem in Draft202012Validator(whole).iter_errors(value)]
    assert not problems, problems


def validate_response(response: Response, method: str, path: str) -> None:
    """AssertionError unless the answer is one of those that the operation may give."""
    documented = responses(method, path)
    assert str(response.status_code) in documented, response.status
    content = documented[str(response.status_code)].get("content", {})
    if "application/json" in content:
        assert response.mimetype == "application/json"
        validate(response.get_json(), content["application/json"].get("schema", {}))
    elif content and "*/*" not in content:
        assert response.mimetype in content
