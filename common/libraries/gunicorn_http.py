"""gunicorn's parser of HTTP/1. It promises none of its classes; used of them is:

- a `Request` calls its own `parse_request_line` and, when its head is read, `set_body_reader`;
- its `headers` (names in capitals), `version`, `body`, `should_close` and `force_close`;
- a `RequestParser` makes a `mesg_class` at each `next`, keeps it as `mesg`, has an `unreader`;
- bytes that are no HTTP are a `ParseException`, whatever is wrong with them.
"""

import socket
from typing import Any

from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHeader,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request as TheirRequest
from gunicorn.http.parser import RequestParser

__all__ = [
    "ExpectationFailed",
    "InvalidHeader",
    "LimitRequestHeaders",
    "LimitRequestLine",
    "ParseException",
    "Request",
    "Requests",
    "UnsupportedTransferCoding",
]


class Request(TheirRequest):  # type: ignore[misc]  # gunicorn has no types.
    """One request, whose body is still to be read. A subclass says what else it refuses."""

    def prepare_line(self, line: bytes) -> bytes:
        """The first line, as gunicorn is to read it."""
        return line

    def check_head(self) -> None:
        """Called when the head is read, and only then.

        Raises:
            ParseException: it is refused.
        """

    def values(self, name: str) -> list[str]:
        """What the headers say that have this name (in capitals)."""
        return [value for each, value in self.headers if each == name]

    @property
    def is_last(self) -> bool:
        """Whether its connection ends with it, by the client's will or ours."""
        return bool(self.should_close())

    def make_last(self) -> None:
        """Its answer says that the connection ends."""
        self.force_close()

    @property
    def is_broken(self) -> bool:
        """Whether its body could not be read: where the next request begins is not known."""
        return bool(self.body.failed)

    def read_body(self, size: int) -> bytes:
        """The next piece of the body; nothing at its end."""
        piece: bytes = self.body.read(size)
        return piece

    def parse_request_line(self, line_bytes: bytes) -> None:
        super().parse_request_line(self.prepare_line(line_bytes))

    def set_body_reader(self) -> None:
        super().set_body_reader()
        self.check_head()


class Requests(RequestParser):  # type: ignore[misc]
    """The requests of one connection; a subclass says in `mesg_class` which class they have."""

    mesg_class = Request

    @property
    def last(self) -> Any:
        """The request that was read last; None before the first."""
        return self.mesg

    def read(self) -> bytes:
        """What has arrived and is not read, or else what arrives next; nothing at the end."""
        data: bytes = self.unreader.read()
        return data

    def unread(self, data: bytes) -> None:
        """Put it in front of all that is still to be read."""
        self.unreader.unread(data)

    def end_writing(self) -> None:
        """Tell the client that nothing more is sent."""
        self.unreader.sock.shutdown(socket.SHUT_WR)
