"""Where lines go, and that the first ones are in the same format."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from common.journal.setup import Held, begin

log = logging.getLogger("a.module")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
    root.setLevel(level)
    sys.excepthook = hook


def test_what_was_logged_before_the_format_was_known_is_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = Held()
    log.warning("early")
    assert capsys.readouterr().err == ""

    begin("info", "json", "http", held)
    log.info("later")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["process"], line["msg"]) for line in lines] == [
        ("http", "early"),
        ("http", "later"),
    ]


def test_what_was_held_is_told_as_text_if_the_start_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = Held()
    log.warning("early")

    held.release()

    assert capsys.readouterr().err.endswith("] [WARNING] early\n")


def test_the_level_holds_and_no_line_is_told_twice(capsys: pytest.CaptureFixture[str]) -> None:
    begin("info", "text", "http")
    begin("warning", "text", "http")
    log.info("quiet")
    log.warning("loud")

    assert capsys.readouterr().err.count("\n") == 1


def test_an_end_that_nobody_foresaw_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    begin("info", "json", "ws")
    problem = ValueError("S3CRET")

    sys.excepthook(ValueError, problem, None)

    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["failure"]) == ("critical", "ValueError")
