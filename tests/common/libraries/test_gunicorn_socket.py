"""What we use of gunicorn's requests and it does not promise. Failures say what has changed."""

import os
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.unreader import Unreader
from gunicorn.http.wsgi import create

from common.libraries.gunicorn_http import Requests
from common.libraries.gunicorn_socket import RequestSocket
from tests.support.libraries import Part, complaint, complaint_without, named

NAME = "gunicorn"
NOW = named(NAME)
TAKE = Part(NAME, Unreader, "take_buffered", ("self",))
HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

Environ = dict[str, Any]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def environ(pair: tuple[socket.socket, socket.socket]) -> Environ:
    """Of a request after whose head its client has sent more."""
    ours, theirs = pair
    theirs.sendall(HEAD + b"early")
    request = next(Requests(Config(), ours, ("127.0.0.1", 1)))
    made: Environ = create(request, ours, ("127.0.0.1", 1), ("127.0.0.1", 80), Config())[1]
    return made


def test_it_has_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(TAKE), complaint(TAKE)
    assert complaint_without(TAKE, monkeypatch)


def test_the_environment_has_the_socket(
    environ: Environ, pair: tuple[socket.socket, socket.socket]
) -> None:
    found = environ.get("gunicorn.socket")

    assert found is pair[0], f"{NOW}: `gunicorn.socket` is not the socket any more, but {found}"


def test_the_socket_is_answered_on_and_taken_away(
    environ: Environ, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    answering = RequestSocket(environ)
    answering.send(b"answer")

    fd, early = answering.take()

    assert theirs.recv(100) == b"answer"
    assert early == b"early", f"{NOW}: `take_buffered` has not what was sent too early: {early!r}"
    assert ours.fileno() < 0, f"{NOW}: its socket is not the one that it serves"
    os.close(fd)


def test_nothing_is_taken_where_nothing_was_sent_too_early() -> None:
    reading: Iterable[bytes] = iter([HEAD])
    unreader: Any = Requests(Config(), reading, ("127.0.0.1", 1)).unreader

    assert unreader.take_buffered() == b"", f"{NOW}: `take_buffered` waits for something now"
