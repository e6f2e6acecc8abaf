"""What is plain, and what only looks so."""

import pytest

from common.serving.door.plain import LONGEST_HEAD, MOST_FIELDS, may_become_plain, read_head

HOST = b"Host: a\r\n"


def head(*lines: bytes, first: bytes = b"POST /push HTTP/1.1") -> bytes:
    return b"\r\n".join([first, *lines, b"", b""])


def test_a_plain_head_is_read_whole() -> None:
    found = read_head(
        head(b"Host: a:80", b"X-One:two", b"Content-Length: 3", first=b"POST /push?a=%20 HTTP/1.1")
    )

    assert found is not None
    read, length = found
    assert (read.method, read.path, read.query) == ("POST", "/push", b"a=%20")
    assert read.headers == {"host": "a:80", "x-one": "two"}
    assert (length, read.is_last, read.is_upgrade) == (3, False, False)


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length"])
def test_heads_that_differ_in_the_length_of_the_body_only_are_read_once(name: bytes) -> None:
    found = [read_head(head(b"Host: once", name + b": %d" % n, b"X: " + name)) for n in (3, 4)]

    assert found[0] is not None
    assert found[1] is not None
    assert found[0][0] is found[1][0]
    assert [length for _, length in filter(None, found)] == [3, 4]


@pytest.mark.parametrize(
    ("value", "is_last"), [(b"close", True), (b"Close", True), (b"keep-alive", False)]
)
def test_a_client_says_whether_it_is_the_last(value: bytes, is_last: bool) -> None:
    found = read_head(head(b"Host: a", b"Connection: " + value))

    assert found is not None
    assert found[0].is_last is is_last


@pytest.mark.parametrize(
    "line",
    [
        b"Transfer-Encoding: chunked",
        b"transfer-encoding: identity",
        b"Expect: 100-continue",
        b"Upgrade: h2c",
        b"Upgrade: websocket",
        b"Upgrade: websocket\r\nConnection: Upgrade",  # And a POST.
        b"Content-Encoding: gzip",
        b"TE: trailers",
        b"Connection: upgrade",
        b"Connection: close, x",
        b"Host: b",
        b"Content-Length: 3\r\nContent-Length: 3",
        b"Content-Length: 3\r\ncontent-length: 4",
        b"Content-Length: +3",
        b"Content-Length: 03",
        b"Content-Length: 3, 3",
        b"Content-Length: 0x3",
        b"Content-Length: \xb2",
        b"Content-Type: a\r\nContent-Type: a",
        b"Authorization: a\r\nAuthorization: b",
        b"X: a\r\n folded",
        b"X: a\r\n\tfolded",
        b" X: a",
        b"X : a",
        b"X\t: a",
        b": a",
        b"X",
        b"X:",
        b"X:  a",
        b"X: a\x00",
        b"X: a\nY: b",
        b"X: a\rb",
        b"X_Y: a",
        b"X: \xe4",
        b"X: a\tb",
        b"Content-Length: 3\x0b",
    ],
)
def test_what_is_not_certain_is_not_plain(line: bytes) -> None:
    assert read_head(head(b"Host: a", line)) is None


@pytest.mark.parametrize(
    "first",
    [
        b"PUT /push HTTP/1.1",
        b"post /push HTTP/1.1",
        b"POST /push HTTP/1.0",
        b"POST /push HTTP/1.1 ",
        b"POST  /push HTTP/1.1",
        b"POST http://a/push HTTP/1.1",
        b"POST /pu%73h HTTP/1.1",
        b"POST /push?a#b HTTP/1.1",
        b"POST /push?\xe4 HTTP/1.1",
        b"\r\nPOST /push HTTP/1.1",
    ],
)
def test_other_first_lines_are_not_plain(first: bytes) -> None:
    assert read_head(head(b"Host: a", first=first)) is None


@pytest.mark.parametrize("host", [b"", b"Host: a b", b"Host: a/b", b"Host: a@b", b"Host: a,b"])
def test_one_right_host_is_needed(host: bytes) -> None:
    assert read_head(head(host or b"X: a")) is None


def test_a_get_with_a_body_is_not_plain() -> None:
    first = b"GET /push HTTP/1.1"

    assert read_head(head(b"Host: a", first=first)) is not None
    assert read_head(head(b"Host: a", b"Content-Length: 0", first=first)) is None


def test_every_beginning_of_a_plain_head_may_become_one() -> None:
    whole = head(b"Host: a", b"Content-Length: 3")

    assert all(may_become_plain(whole[:size]) for size in range(len(whole)))


@pytest.mark.parametrize(
    "data",
    [b"PUT", b"\r\n", b"GETX", b"POST /push HTTP/1.0\r\n", b"GET /push\n", b"\x16\x03\x01"],
)
def test_other_beginnings_are_known_at_once(data: bytes) -> None:
    assert not may_become_plain(data)


def test_a_long_head_is_not_waited_for() -> None:
    assert not may_become_plain(b"GET /" + b"a" * LONGEST_HEAD)


def test_more_headers_than_the_web_server_takes_are_not_plain() -> None:
    lines = [b"Host: a", *(b"X-%d: a" % number for number in range(MOST_FIELDS))]

    assert read_head(head(*lines[:-1])) is not None
    assert read_head(head(*lines)) is None
