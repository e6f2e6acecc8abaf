"""An answer of the door, who gives it, and its bytes: those that gunicorn would send for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any, Protocol
from wsgiref.handlers import format_date_time

from werkzeug.http import HTTP_STATUS_CODES

from common.serving.door.plain import Head

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, what other headers it has, and what the body is."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON


Done = Callable[[Answer], None]


class Caller(Protocol):
    """The connection of a request that is being answered."""

    @property
    def address(self) -> str:
        """Of its client."""

    def release(self) -> tuple[Any, bytes]:
        """Take its socket, non-blocking, with what was read after the request.

        Instead of an answer: the door knows the connection no more.
        """


class PlainApplication(Protocol):
    """Answers plain requests. Nothing of it may wait: it runs in a callback of the event loop."""

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        """Whether a request with this head is one of those; others go to the web server.

        `length` is that of its body. If it is not whole, that is still to come: no stranger's is
        waited for.
        """

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        """Have `done` called with the answer, once, now or later; or take the socket, now.

        False if nothing was done, and the web server is to answer after all.
        """


class Writer:
    """Writes answers; it keeps what does not change."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._second = 0
        self._date = ""
        self._kept: dict[tuple[int, bytes, bool], bytes] = {}

    def write(self, answer: Answer, *, is_last: bool) -> bytes:
        """The bytes of the answer; `is_last`: the connection ends with it."""
        self._look_at_the_clock()
        if answer.headers or answer.kind is not JSON:
            return self._written(answer, is_last)
        key = (answer.status, answer.body, is_last)
        data = self._kept.get(key)
        if data is None:
            data = self._kept[key] = self._written(answer, is_last)
        return data

    def _look_at_the_clock(self) -> None:
        now = int(time())
        if now != self._second:
            self._second, self._date = now, format_date_time(now)
            self._kept.clear()  # So it holds no more than the answers of a second.

    def _written(self, answer: Answer, is_last: bool) -> bytes:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTP_STATUS_CODES[answer.status].upper()}",
            f"Server: {self._server}",
            f"Date: {self._date}",
            f"Connection: {'close' if is_last else 'keep-alive'}",
            f"Content-Type: {answer.kind}",
            f"Content-Length: {len(answer.body)}",
            *map(": ".join, answer.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body
