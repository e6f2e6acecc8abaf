"""The opening handshake: what is refused, the accept key, and who owns the socket afterwards."""

import os
import socket
from collections.abc import Iterator

import pytest
from gevent import GreenletExit

from common.refused import Refused
from tests.support.fakes import FakeInput
from ws_server.door.handshake import HandOff, accept_key, check_upgrade, events_head
from ws_server.door.listen import DEFAULT, ENVIRON_KEY, Listen

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 1.3.


def environ(**changes: str | None) -> dict[str, str]:
    """A right handshake with some headers changed, or left out if None."""
    headers: dict[str, str | None] = {
        "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "HTTP_SEC_WEBSOCKET_KEY": KEY,
        **changes,
    }
    return {name: value for name, value in headers.items() if value is not None}


@pytest.fixture
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def refusal(**changes: str | None) -> Refused:
    with pytest.raises(Refused) as raised:
        check_upgrade(environ(**changes))
    return raised.value


def test_the_accept_key_is_that_of_the_rfc() -> None:
    assert accept_key(KEY) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_right_handshake_is_not_refused() -> None:
    check_upgrade(environ())


def test_blanks_around_a_header_do_not_matter() -> None:
    padded = environ(HTTP_SEC_WEBSOCKET_VERSION=" 13 ", HTTP_SEC_WEBSOCKET_KEY=f" {KEY} ")
    check_upgrade(padded)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"REQUEST_METHOD": "POST"}, 405, "method_not_allowed"),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": None}, 426, "unsupported_version"),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8"}, 426, "unsupported_version"),
        ({"HTTP_SEC_WEBSOCKET_KEY": None}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "消息"}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_KEY": KEY[:-4]}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_KEY": KEY + KEY}, 400, "bad_handshake"),
        ({"HTTP_SEC_WEBSOCKET_KEY": "*" * 24}, 400, "bad_handshake"),
    ],
)
def test_a_wrong_handshake_is_refused_with_the_reason(
    changes: dict[str, str | None], status: int, error: str
) -> None:
    refused = refusal(**changes)

    assert (refused.status, refused.error) == (status, error)
    assert refused.reason


def test_a_refusal_says_what_would_be_right() -> None:
    method = refusal(REQUEST_METHOD="POST")
    version = refusal(HTTP_SEC_WEBSOCKET_VERSION="8")

    assert method.headers == {"Allow": "GET"}
    assert version.headers["Sec-WebSocket-Version"] == "13"


def test_the_socket_changes_hands_with_what_was_read_too_early(
    connected: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = connected
    handed = HandOff(
        {
            **environ(),
            "gunicorn.socket": ours,
            "wsgi.input": FakeInput(b"early"),
            ENVIRON_KEY: DEFAULT,
        },
        ignored=True,
    )
    fd, early = handed.take_socket()
    ours.close()  # The web server is done with it; the connection is not.

    answer = theirs.recv(4096)
    os.write(fd, b"frame")

    assert early == b"early"
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\r\n\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"extensions" not in answer.lower()
    assert theirs.recv(4096) == b"frame"
    os.close(fd)


def test_a_client_that_has_left_ends_the_request_and_nothing_else(
    connected: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = connected
    theirs.close()

    with pytest.raises(GreenletExit):
        HandOff(
            {
                **environ(),
                "gunicorn.socket": ours,
                "wsgi.input": FakeInput(),
                ENVIRON_KEY: Listen(events=True),
            },
            events_head({}),
        )


def test_a_stream_of_events_begins_with_who_may_read_it(
    connected: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = connected
    sharing = {"Access-Control-Allow-Origin": "https://a.example", "Vary": "Origin"}
    request = {
        "gunicorn.socket": ours,
        "wsgi.input": FakeInput(),
        ENVIRON_KEY: Listen(events=True),
    }

    HandOff(request, events_head(sharing))
    answer = theirs.recv(4096).decode()

    assert answer.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")
    assert answer.endswith("\r\nConnection: close\r\n\r\n")
    assert "\r\nAccess-Control-Allow-Origin: https://a.example\r\nVary: Origin\r\n" in answer
