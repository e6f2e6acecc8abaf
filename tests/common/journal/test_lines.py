"""A line for people, and one for programs."""

import json
import logging
import sys
from typing import Any

from common.journal.lines import formatter, one_line


def record(message: str, *given: Any, failed: bool = False, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("a.module", logging.INFO, "", 0, message, given, None)
    made.__dict__.update(extra, created=1795688180.5, process=4711)
    if failed:
        try:
            int("S3CRET".lower())
        except ValueError:
            made.exc_info = sys.exc_info()
    return made


TOLD = {"bytes": 5, "by": "shop"}


def test_a_line_of_text_ends_with_its_fields() -> None:
    line = formatter("text", "http").format(record("push to %s", "all", told=TOLD, event="push"))

    assert line.endswith("] [4711] [INFO] push to all bytes=5 by=shop")
    assert line.startswith("[2026-11-2")


def test_a_line_of_json_has_them_as_fields() -> None:
    line = formatter("json", "http").format(record("push to %s", "all", told=TOLD, event="push"))

    assert json.loads(line) == {
        "time": "2026-11-26T10:16:20.500Z",
        "level": "info",
        "process": "http",
        "pid": 4711,
        "event": "push",
        "msg": "push to all",
        "bytes": 5,
        "by": "shop",
    }


def test_any_other_line_of_json_is_named_by_its_module() -> None:
    assert json.loads(formatter("json", "ws").format(record("hello")))["event"] == "a.module"


def test_a_failure_says_where_and_not_what() -> None:
    text = formatter("text", "http").format(record("failed", failed=True))
    line = json.loads(formatter("json", "http").format(record("failed", failed=True)))

    for told in (text, line["failure"]):
        assert told.endswith("ValueError")
        assert "test_lines.py" in told
    assert "s3cret" not in text + str(line)


def test_nothing_begins_a_line_of_its_own_or_speaks_to_a_terminal() -> None:
    text = formatter("text", "ws").format(record("of %s", "a\n[x] [INFO] fake\x1b[2J"))
    line = formatter("json", "ws").format(record("of %s", "a\nb"))

    assert text.endswith(r"of a\n[x] [INFO] fake\x1b[2J")
    assert "\n" not in text + line
    assert one_line("中文") == "中文"
