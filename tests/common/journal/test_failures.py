"""What is told of an exception: where and which, never what it quotes."""

import json

import pytest

from common.journal.failures import name_of, told

SECRET = "S3CRET"


def raised(code: str) -> Exception:
    try:
        exec(code)
    except Exception as problem:
        return problem
    raise AssertionError(code)


@pytest.mark.parametrize(
    "code",
    [
        f"int('{SECRET}')",
        f"{{}}['{SECRET}']",
        f"raise ValueError('{SECRET}')",
        f"import json; json.loads('{SECRET}')",
        f"raise type('E', (OSError,), {{}})('{SECRET}')",
        f"open('/{SECRET}')",
    ],
)
def test_what_an_exception_quotes_is_not_told(code: str) -> None:
    problem = raised(code)

    assert SECRET not in told(problem)
    assert type(problem).__name__ in told(problem)


def test_it_begins_as_everybody_looks_for_it() -> None:
    try:
        int("x")
    except ValueError as problem:
        found = told(problem)

    head, file, *_, last = found.splitlines()
    assert (head, last) == ("Traceback (most recent call last):", "ValueError")
    assert file.startswith('  File "')


def test_those_that_led_to_it_are_told_before_it() -> None:
    try:
        try:
            json.loads(SECRET)
        except ValueError as first:
            raise LookupError(SECRET) from first
    except LookupError as problem:
        found = told(problem)

    assert found.index("JSONDecodeError") < found.index("LookupError")
    assert "test_failures.py" in found


def test_one_that_leads_to_itself_is_told_once() -> None:
    problem = ValueError()
    problem.__context__ = problem

    assert told(problem) == "ValueError"


def test_what_is_of_the_code_or_of_the_system_is_told() -> None:
    assert name_of(raised("there_is_no_such_name")) == (
        "NameError: name 'there_is_no_such_name' is not defined"
    )
    assert name_of(raised("open('/no/such/file')")) == (
        "FileNotFoundError: No such file or directory"
    )
