"""How requests are read: gunicorn's parser, with what common clients send and a few more rules.

Raw bytes in a target are taken as if they were percent-encoded, empty lines before a request
are skipped, and HTTP/1.1 without a Host is refused. What cannot be read has an answer here.
"""

import re
from http.client import responses
from typing import Any

from common.libraries import gunicorn_http
from common.libraries.gunicorn_http import (
    ExpectationFailed,
    InvalidHeader,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    Request,
    UnsupportedTransferCoding,
)
from common.refused import JSON, Refused

MOST_EMPTY_LINES = 8  # Before a request; some clients send one after a body (RFC 9112 2.2).
ONE_PIECE = 64 * 1024
MOST_UNREAD = 32 * 1024 * 1024  # Bytes of a body that was answered without being read.
BODY_HEADERS = ("CONTENT-LENGTH", "TRANSFER-ENCODING")
RAW = re.compile(rb"[\x80-\xff]")
HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%\[\]-]*")  # RFC 9110 7.2.


NO_HTTP = Refused("bad_request", "the request is not valid HTTP")
NO_HOST = Refused("bad_request", "the request is not valid HTTP: it needs one Host header")
REFUSED = {
    LimitRequestLine: Refused(
        "uri_too_long", "the request line is too long; send large content in a POST body"
    ),
    ExpectationFailed: Refused("expectation_failed", "the only Expect that is met is 100-continue"),
    LimitRequestHeaders: Refused("headers_too_large", "the headers are too many or too long"),
    UnsupportedTransferCoding: Refused(
        "not_implemented", "the only Transfer-Encoding that is read is chunked"
    ),
}


def translated(problem: ParseException) -> Refused:
    """What is answered to bytes that are no request."""
    if isinstance(problem, InvalidHeader) and problem.hdr == "HOST":
        return NO_HOST
    return REFUSED.get(type(problem), NO_HTTP)


def as_http(refused: Refused) -> bytes:
    """The whole answer of HTTP, after which the connection ends."""
    body = refused.body()
    headers = {
        "Connection": "close",
        "Content-Type": JSON,
        "Content-Length": str(len(body)),
        **refused.headers,
    }
    start = f"HTTP/1.1 {refused.status} {responses[refused.status]}"
    return "\r\n".join([start, *map(": ".join, headers.items()), "", ""]).encode() + body


class HttpRequest(Request):
    """One request, whose body is still to be read."""

    def prepare_line(self, line: bytes) -> bytes:
        """Chinese typed into an address comes as it is from curl and PHP, as bytes of UTF-8.

        Whether what is meant is text, the application decides, as with encoded bytes.
        """
        if line.isascii():
            return line
        method, _, rest = line.partition(b" ")
        target, _, version = rest.partition(b" ")
        target = RAW.sub(lambda raw: b"%%%02X" % ord(raw[0]), target)
        return b" ".join([method, target, version])

    def check_head(self) -> None:
        """One Host that can be one, and no coding of the body but chunked."""
        hosts = self.values("HOST")
        if (self.version >= (1, 1) and not hosts) or not all(map(HOST.fullmatch, hosts)):
            raise InvalidHeader("HOST", req=self)
        coding = ",".join(self.values("TRANSFER-ENCODING"))
        if coding and coding.lower() != "chunked":
            raise UnsupportedTransferCoding(coding)

    @property
    def has_body(self) -> bool:
        """Whether it says that a body follows."""
        return any(name in BODY_HEADERS for name, _ in self.headers)

    def pass_over_body(self) -> bool:
        """Read what nobody wanted, or its client never reads the answer.

        False if it is too much, or broken: its request is answered already, and only once. In
        larger pieces than gunicorn would: it copies what it has read ahead for each.
        """
        if self.is_broken:
            return False
        try:
            return any(not self.read_body(ONE_PIECE) for _ in range(MOST_UNREAD // ONE_PIECE))
        except ParseException:
            return False


class Requests(gunicorn_http.Requests):
    """The requests of one connection, one after the other."""

    mesg_class = HttpRequest

    def __next__(self) -> Any:
        """The next one; StopIteration when there can be none."""
        if self.last is not None and (self.last.is_last or not self.last.pass_over_body()):
            raise StopIteration
        self._skip_empty_lines()
        return super().__next__()

    def linger(self) -> None:
        """After the last answer: read what its client still sends, or it never reads that answer.

        What is left unread would reset the connection. OSError if it is gone.
        """
        if self.last.is_last and self.last.has_body:
            self.end_writing()  # It has nothing more to wait for.
            self.last.pass_over_body()

    def _skip_empty_lines(self) -> None:
        data = self.read()
        for _ in range(MOST_EMPTY_LINES):
            while data == b"\r" and (more := self.read()):
                data += more
            if data[:2] != b"\r\n":
                break
            data = data[2:] or self.read()
        self.unread(data)
