"""What is read as HTTP, and what clients are told whose bytes are none."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException

from common.serving.http_requests import (
    MOST_EMPTY_LINES,
    MOST_UNREAD,
    Requests,
    as_http,
    translated,
)

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def read(*pieces: bytes) -> list[Any]:
    """The requests of a connection on which these pieces arrive."""
    return list(requests(pieces))


def requests(pieces: Iterable[bytes]) -> Requests:
    return Requests(Config(), iter(pieces), ("127.0.0.1", 1))


def refused(data: bytes) -> tuple[int, str]:
    """Status and error of the answer to bytes that are no request."""
    with pytest.raises(ParseException) as problem:
        read(data)
    answer = translated(problem.value)
    return answer.status, answer.error


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        ("content=订单".encode(), "content=%E8%AE%A2%E5%8D%95"),
        (b"content=%E8%AE%A2&a=\xe5", "content=%E8%AE%A2&a=%E5"),
        ("content=订单".encode("gbk"), "content=%B6%A9%B5%A5"),  # The application refuses it.
    ],
)
def test_raw_bytes_in_a_target_are_as_if_they_were_encoded(raw: bytes, query: str) -> None:
    (request,) = read(b"GET /push?" + raw + b" HTTP/1.1\r\nHost: a\r\n\r\n")

    assert (request.path, request.query) == ("/push", query)


def test_a_raw_path_is_taken_too() -> None:
    (request,) = read("GET /聊天 HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    assert request.path == "/%E8%81%8A%E5%A4%A9"


@pytest.mark.parametrize(
    "line", ["GÉT / HTTP/1.1", "GET / HTTP/1.1é", "GET /a\x7f HTTP/1.1", "GET / é HTTP/1.1", "é"]
)
def test_elsewhere_in_the_line_such_bytes_are_no_http(line: str) -> None:
    assert refused(line.encode() + b"\r\nHost: a\r\n\r\n") == (400, "bad_request")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nAccept: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: <a>\r\n\r\n",
    ],
)
def test_a_request_has_one_host_that_can_be_one(head: bytes) -> None:
    assert refused(head) == (400, "bad_request")


@pytest.mark.parametrize("host", ["", "a", "a_b:80", "[::1]:2346", "10.0.0.1"])
def test_any_host_is_taken(host: str) -> None:
    assert len(read(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())) == 1


def test_http_1_0_needs_no_host() -> None:
    assert len(read(b"GET / HTTP/1.0\r\n\r\n")) == 1


@pytest.mark.parametrize("coding", ["gzip, chunked", "deflate,chunked", "identity, chunked", "x"])
def test_a_body_in_any_coding_but_chunked_is_not_read(coding: str) -> None:
    head = f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n"

    assert refused(head.encode()) == (501, "not_implemented")


@pytest.mark.parametrize(
    "lines",
    [
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Content-Length: +5",
        "Content-Length: 5\r\nContent-Length: 5",
    ],
)
def test_a_body_whose_length_is_not_certain_is_no_http(lines: str) -> None:
    head = f"POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n"

    assert refused(head.encode()) == (400, "bad_request")


def test_an_expectation_that_is_not_known_is_not_met() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n"

    assert refused(head) == (417, "expectation_failed")


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\r\n" + HEAD],
        [b"\r\n\r\n" + HEAD],
        [b"\r", b"\n", HEAD],
        [b"\r\n", b"\r\n" + HEAD[:3], HEAD[3:]],
    ],
)
def test_empty_lines_before_a_request_are_passed_over(pieces: list[bytes]) -> None:
    assert len(read(*pieces)) == 1


def test_empty_lines_between_two_requests_are_passed_over() -> None:
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok\r\n"

    assert len(read(post, HEAD)) == 2


def test_empty_lines_without_end_are_no_http() -> None:
    assert refused(b"\r\n" * (MOST_EMPTY_LINES + 2) + HEAD) == (400, "bad_request")


@pytest.mark.parametrize("end", [[], [b"\r\n"]])
def test_a_connection_may_end_between_two_requests(end: list[bytes]) -> None:
    assert len(read(HEAD, *end)) == 1


def test_a_body_that_nobody_wanted_is_passed_over() -> None:
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"

    assert len(read(post, b"x" * 200_000, HEAD)) == 2


def test_after_a_broken_body_that_nobody_wanted_there_is_no_other_request() -> None:
    """Its request has been answered: another answer would be taken for that of the next one."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert len(read(head + b"0x1\r\na\r\n0\r\n\r\n", HEAD)) == 1


def test_of_a_huge_body_that_nobody_wanted_not_all_is_read() -> None:
    read_of_it = 0

    def pieces() -> Iterable[bytes]:
        nonlocal read_of_it
        yield b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"
        while True:
            read_of_it += 1 << 20
            yield b"x" * (1 << 20)

    assert len(list(requests(pieces()))) == 1
    assert read_of_it <= MOST_UNREAD + (2 << 20)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"nothing\r\n\r\n", 400),
    ],
)
def test_the_answer_is_whole_in_the_one_json_shape(data: bytes, status: int) -> None:
    with pytest.raises(ParseException) as problem:
        read(data)

    head, _, body = as_http(translated(problem.value)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Type: application/json; charset=utf-8\r\n" in head
    assert b"\r\nContent-Length: %d" % len(body) in head
    assert json.loads(body).keys() == {"code", "error", "msg"}
