"""What can go wrong, for who pushes and who listens.

ClientError
├── Refused        the server has answered, with something else than success
├── NotConfirmed   a push was tried for as long as allowed, and may be queued or not
├── Closed         the connection of a listener has ended
└── NotUnderstood  what answers is no message-center

A network that fails is an OSError, as everywhere.
"""

import json
from collections.abc import Sequence
from typing import Self


class ClientError(Exception):
    """The root of what this package raises."""


class Refused(ClientError):
    """The server's answer: `status` of HTTP, `error` for programs, `msg` for people.

    `index` says which message of a batch it is about; `retry_after` is in seconds, or 0.
    """

    def __init__(self, status: int, error: str = "", msg: str = "") -> None:
        super().__init__(": ".join(filter(None, (str(status), error, msg))))
        self.status = status
        self.code = -1
        self.error = error
        self.msg = msg
        self.index: int | None = None
        self.retry_after = 0.0

    @classmethod
    def read(cls, status: int, body: bytes, retry_after: str = "") -> Self:
        """From an answer of HTTP, also one that is somebody else's."""
        fields = fields_of(body)
        error, msg = (_text(fields.get(name)) for name in ("error", "msg"))
        refused = cls(status, error, msg)
        code, index = fields.get("code"), fields.get("index")
        refused.code = code if isinstance(code, int) else -1
        refused.index = index if isinstance(index, int) else None
        is_number = retry_after.isascii() and retry_after.isdecimal()
        refused.retry_after = float(retry_after) if is_number else 0.0
        return refused


class NotConfirmed(ClientError):
    """Nothing has said that it is queued; pushed again under the same `ids`, it is queued once."""

    def __init__(self, ids: Sequence[str], problem: Exception) -> None:
        super().__init__(f"not confirmed: {str(problem) or type(problem).__name__}")
        self.ids = ids
        self.problem = problem


class Closed(ClientError):
    """The end of a connection; the text is the reason that the server gave, if any."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class NotUnderstood(ClientError):
    """The server speaks something else than HTTP and WebSocket, or is no message-center."""


def fields_of(body: bytes) -> dict[str, object]:
    """A JSON object; empty if it is something else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
