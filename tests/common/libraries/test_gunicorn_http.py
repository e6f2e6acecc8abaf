"""What we use of gunicorn's parser and it does not promise. Each failure says what has changed."""

import socket
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import errors
from gunicorn.http.body import Body
from gunicorn.http.message import Request as TheirRequest
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader

from common.libraries import gunicorn_http
from common.libraries.gunicorn_http import ParseException, Request, Requests
from tests.support.libraries import Part, complaint, complaint_without, named, names_taken

NAME = "gunicorn"
NOW = named(NAME)
PARTS = [
    Part(NAME, TheirRequest, "parse_request_line", ("self", "line_bytes")),
    Part(NAME, TheirRequest, "set_body_reader", ("self",)),
    Part(NAME, TheirRequest, "should_close", ("self",)),
    Part(NAME, TheirRequest, "force_close", ("self",)),
    Part(NAME, RequestParser, "__init__", ("self", "cfg", "source", "source_addr")),
    Part(NAME, RequestParser, "__next__", ("self",)),
    Part(NAME, RequestParser, "mesg_class"),
    Part(NAME, Unreader, "read", ("self",)),
    Part(NAME, Unreader, "unread", ("self", "data")),
    Part(NAME, Body, "read", ("self", "size")),
]
POST = (
    b"POST /a?b HTTP/1.1\r\nHost: a\r\nX-Two: 1\r\nx-two: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Noting(Request):
    """Notes what gunicorn calls, and when."""

    def prepare_line(self, line: bytes) -> bytes:
        self.calls = [f"line {line.decode()}"]
        return line.replace(b"/a", b"/b")

    def check_head(self) -> None:
        self.calls.append(f"head with {len(self.headers)}")


class NotingRequests(Requests):
    mesg_class = Noting


def read(*pieces: bytes, kind: type[Requests] = Requests) -> Requests:
    return kind(Config(), iter(pieces), ("127.0.0.1", 1))


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


@pytest.mark.parametrize(
    ("ours", "meant"),
    [(Request, ["parse_request_line", "set_body_reader"]), (Requests, ["mesg_class"])],
)
def test_no_name_of_ours_is_one_of_its_own(ours: type, meant: list[str]) -> None:
    taken = names_taken(NAME, ours, meant)

    assert not taken, taken


def test_a_request_calls_its_own_methods_as_it_reads_its_head() -> None:
    request = next(read(POST, kind=NotingRequests))

    calls = getattr(request, "calls", [])
    assert calls[:1] == ["line POST /a?b HTTP/1.1"], (
        f"{NOW}: a Request hands its first line to `parse_request_line` no more: {calls}"
    )
    assert calls[1:] == ["head with 4"], (
        f"{NOW}: a Request calls `set_body_reader` once, when its head is read, no more: {calls}"
    )
    assert request.path == "/b", f"{NOW}: what `parse_request_line` is given is not what is read"


def test_a_request_knows_its_head_and_body() -> None:
    request = next(read(POST, b"3\r\nabc\r\n0\r\n\r\n"))

    assert request.values("X-TWO") == ["1", "2"], (
        f"{NOW}: the `headers` of a Request are no pairs with names in capitals any more"
    )
    assert request.version == (1, 1), f"{NOW}: the `version` of a Request is no (1, 1) any more"
    assert request.read_body(2) == b"ab", f"{NOW}: `body.read(size)` reads something else now"
    assert request.read_body(9) == b"c", f"{NOW}: `body.read(size)` reads something else now"


def test_a_request_knows_whether_its_body_broke() -> None:
    request = next(read(POST, b"x\r\n"))

    assert not request.is_broken, f"{NOW}: `body.failed` is true before anything was read"
    with pytest.raises(ParseException):
        request.read_body(9)
    assert request.is_broken, f"{NOW}: `body.failed` does not say any more that a body broke"


@pytest.mark.parametrize(("header", "is_last"), [(b"", False), (b"Connection: close\r\n", True)])
def test_a_request_knows_whether_it_is_the_last(header: bytes, is_last: bool) -> None:
    request = next(read(GET[:-2] + header + b"\r\n"))

    assert request.is_last == is_last, f"{NOW}: `should_close` no longer says what a client wants"
    request.make_last()
    assert request.is_last, f"{NOW}: `should_close` no longer says that `force_close` was called"


def test_requests_come_one_after_the_other() -> None:
    requests = read(GET, POST)

    assert requests.last is None, f"{NOW}: there is a `mesg` before the first request"
    for path in ("/", "/a"):
        request = next(requests)
        assert type(request) is Request, f"{NOW}: a request is no `mesg_class` any more"
        assert requests.last is request, f"{NOW}: `mesg` is not the last request any more"
        assert request.path == path, f"{NOW}: requests are read in another order"


def test_what_is_left_unread_is_read_again() -> None:
    requests = read(b"one", b"two")

    first = requests.read()
    requests.unread(first[1:])

    read_again = [requests.read(), requests.read(), requests.read()]
    assert read_again == [b"ne", b"two", b""], f"{NOW}: its unreader reads otherwise: {read_again}"


def test_the_end_of_a_connection_is_a_stop() -> None:
    rest = list(read(GET))[1:]

    assert rest == [], f"{NOW}: the end of a connection is no StopIteration any more"


def test_it_reads_from_a_socket_and_has_it() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(GET)
        requests = Requests(Config(), ours, ("127.0.0.1", 1))
        assert next(requests).path == "/", f"{NOW}: it does not read from a socket any more"
        unreader: Any = requests.unreader
        assert unreader.sock is ours, f"{NOW}: `unreader.sock` is not the socket any more"
        requests.end_writing()
        assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", "LimitRequestLine"),
        (GET[:-2] + b"A: " + b"a" * 9000 + b"\r\n\r\n", "LimitRequestHeaders"),
        (GET[:-2] + b"Transfer-Encoding: x\r\n\r\n", "UnsupportedTransferCoding"),
        (GET[:-2] + b"Expect: tea\r\n\r\n", "ExpectationFailed"),
        (GET[:-2] + b"Content-Length: x\r\n\r\n", "InvalidHeader"),
        (b"nothing\r\n\r\n", "InvalidRequestLine"),
    ],
)
def test_what_is_no_http_is_told_by_these_errors(data: bytes, problem: str) -> None:
    with pytest.raises(ParseException) as raised:
        next(read(data))

    found = type(raised.value).__name__
    assert found == problem, f"{NOW}: what was {problem} is {found} now"


@pytest.mark.parametrize("name", [name for name in gunicorn_http.__all__ if name[:7] != "Request"])
def test_all_its_errors_are_of_one_kind(name: str) -> None:
    kind = getattr(errors, name, None)

    assert kind is not None, f"{NOW}: there is no {name} any more"
    assert issubclass(kind, ParseException), f"{NOW}: a {name} is no ParseException any more"
    assert not issubclass(kind, OSError), f"{NOW}: a {name} looks like a lost connection now"
