"""The table of errors has what the code answers, and nothing else."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from common.error_names import AGAIN, COMMAND, ERRORS, HTTP, USUAL_STATUS, WS
from tests.support.openapi import documented_errors

ROOT = Path(__file__).parents[2]
PACKAGES = ("common", "config", "http_api", "ws_server")
TABLE = Path("common/error_names.py")
# Made at run time from the names that werkzeug gives to what it refuses.
DERIVED = {"not_found", "request_entity_too_large", "requested_range_not_satisfiable"}
# Where the name comes from somewhere else: from another refusal, from werkzeug, from a measure.
PASSED_ON = {"common/refused.py", "common/flask_answers.py", "http_api/access/meter.py"}


@cache
def nodes() -> list[tuple[str, ast.AST]]:
    """All of the code but for the table itself, and the files it stands in."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [
        (str(path.relative_to(ROOT)), node)
        for path in paths
        if path != ROOT / TABLE
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Every `Refused(...)`, and the file it stands in."""
    return [
        (name, node)
        for name, node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Refused"
    ]


def refusals() -> Iterator[tuple[str, int | None]]:
    """The name and the status of those that name theirs."""
    for _, call in calls():
        match call.args[0]:
            case ast.Constant(value=str(error)):
                given = [word.value for word in call.keywords if word.arg == "status"]
                status = given[0].value if given and isinstance(given[0], ast.Constant) else None
                yield error, USUAL_STATUS.get(error) if status is None else int(str(status))


def test_whatever_is_refused_stands_in_the_table_with_its_status() -> None:
    table = {(each.name, each.status) for each in ERRORS}

    assert len(list(refusals())) > 40
    assert set(refusals()) - table == set()


def test_a_refusal_names_its_error_where_it_is_raised() -> None:
    passed_on = {name for name, call in calls() if not isinstance(call.args[0], ast.Constant)}

    assert passed_on == PASSED_ON


def test_every_entry_of_the_table_is_answered_somewhere() -> None:
    texts = {
        node.value
        for _, node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    raised = {error for error, _ in refusals()}
    metered = {"too_many_messages", "too_many_requests"}

    assert metered <= texts
    assert {each.name for each in ERRORS} == raised | DERIVED | metered
    assert {(each.name, each.status) for each in ERRORS if each.name in raised} == set(refusals())


def test_no_entry_stands_twice_and_each_says_something() -> None:
    keys = [(each.name, each.status) for each in ERRORS]

    assert sorted(set(keys)) == sorted(keys)
    assert [each for each in ERRORS if not (each.places and each.meaning)] == []


def test_what_may_be_tried_again_is_in_the_table() -> None:
    assert {each.name for each in ERRORS if each.again} == AGAIN


def test_the_openapi_document_has_every_error_of_the_http_api() -> None:
    of_http_api = {(each.name, each.status) for each in ERRORS if HTTP in each.places}

    assert documented_errors() == of_http_api


def test_a_command_is_answered_with_what_a_listener_is() -> None:
    at_commands = {each.name for each in ERRORS if COMMAND in each.places}

    assert at_commands - {each.name for each in ERRORS if WS in each.places} == {"bad_command"}
