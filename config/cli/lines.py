"""Lines that come through a pipe, as messages to push: text, or JSON as `/push/batch` takes it.

It reads no more than it can hold, and waits for more only when all that has come was passed on.
"""

import json
import os
import select
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.errors import MessageCenterError

READ_BYTES = 64 * 1024
MOST_MESSAGES = 1000  # Of a portion.
PORTION_BYTES = 1024 * 1024
MOST_LINE = 16 * 1024 * 1024  # Bytes; more is no message.
RECIPIENTS = {"channel", "channels", "user", "users"}

Portion = list[tuple[int, bytes]]


class BadLineError(MessageCenterError):
    """A line that cannot be pushed; `number` counts from 1."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"line {number}: {why}")
        self.number = number


class Lines:
    """The lines that come from a descriptor; `read` says how many bytes have come."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.read = 0

    def portions(self) -> Iterator[Portion]:
        """Numbered lines, some at a time: as many as have come, up to a bound.

        Raises:
            BadLineError: a line has no end.
        """
        portion: Portion = []
        size = 0
        for number, line in self._numbered():
            if line is not None:
                portion.append((number, line))
                size += len(line)
            if portion and (line is None or len(portion) == MOST_MESSAGES or size > PORTION_BYTES):
                yield portion
                portion, size = [], 0

    def _numbered(self) -> Iterator[tuple[int, bytes | None]]:
        """Lines that are not empty; None where nothing more has come."""
        number, rest = 0, b""
        while block := os.read(self._fd, READ_BYTES):
            self.read += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for number, line in enumerate(lines, number + 1):  # noqa: B020
                if line.rstrip(b"\r"):
                    yield number, line.rstrip(b"\r")
            if len(rest) > MOST_LINE:
                yield number, None
                raise BadLineError(number + 1, f"longer than {MOST_LINE} bytes")
            if not select.select([self._fd], [], [], 0)[0]:
                yield number, None
        if rest:
            yield number + 1, rest
        yield number, None


@dataclass(frozen=True)
class Reading:
    """How a line becomes a message: `run` begins its id, `to` is for whom it is.

    `more` is what is said of each besides.
    """

    run: str
    to: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_json: bool = False
    more: Mapping[str, str] = field(default_factory=dict)

    def message(self, number: int, line: bytes) -> dict[str, Any]:
        """The message that a line is. What an object says itself is kept: its id, its recipients.

        Raises:
            BadLineError: it is none.
        """
        try:
            value: Any = self._value(line)
        except (ValueError, RecursionError) as problem:
            raise BadLineError(number, str(problem)) from problem
        message = value if isinstance(value, dict) else {"content": value}
        to = {} if RECIPIENTS & message.keys() else self.to
        return {"id": f"{self.run}-{number}", **to, **self.more, **message}

    def _value(self, line: bytes) -> str | dict[str, Any]:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise ValueError("it is not UTF-8") from None
        if not self.is_json:
            return text
        try:
            value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        except json.JSONDecodeError as problem:
            raise ValueError(f"it is not JSON: {problem.msg}") from problem
        if not isinstance(value, str | dict):
            raise ValueError("it is neither a text nor an object")
        return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The last of two would count, and a message could go to others than was meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in it")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
