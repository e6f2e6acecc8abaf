"""Each event as one line: for people, or as JSON for programs that collect lines.

An event that has fields says them in `told`, and its name in `event`: see `Kind`. A traceback
follows its line in text, and is a field in JSON.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from common.journal.failures import told

TIME = "%Y-%m-%d %H:%M:%S %z"
TEXT, JSON = FORMATS = ("text", "json")
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


class TextLines(logging.Formatter):
    """`[2026-11-26 10:16:20 +0000] [4711] [INFO] push to everybody bytes=5`."""

    def __init__(self) -> None:
        super().__init__("[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s", TIME)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name.
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return one_line(super().formatMessage(record) + fields)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return told(ei[1]) if ei[1] is not None else ""


class JsonLines(logging.Formatter):
    """`{"time":"2026-11-26T10:16:20.123Z","level":"info","process":"http","pid":4711,…}`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "event": getattr(record, "event", record.name),
            "msg": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["failure"] = told(record.exc_info[1])
        return _as_json(line)


def formatter(form: str, process: str) -> logging.Formatter:
    """The one for LOG_FORMAT."""
    return JsonLines(process) if form == JSON else TextLines()


def one_line(text: str) -> str:
    """`text` without anything that would begin another line, or that a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "told", {})
    return found
