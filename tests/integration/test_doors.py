"""Sockets that say nothing: how long, and how many of them. And who may push after a start."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic

import pytest

from common.serving.open_files import SLOTS
from tests.support.processes import free_port, wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT

HEAD = b"GET /push?content=a HTTP/1.1\r\nX-Long: " + b"a" * 10_000
Start = Callable[..., int]


@pytest.fixture(params=["http", "ws"])
def start(request: pytest.FixtureRequest, system: System) -> Start:
    """Starts one of the two processes; its port."""

    def start_http(**settings: object) -> int:
        system.start_http(None, **settings)
        return system.http_port

    return (
        start_http if request.param == "http" else lambda **named: system.start_ws(None, **named)[1]
    )


def connect(port: int, limit: float = LIMIT) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), limit)


@contextmanager
def silent(port: int, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(connect(port)) for _ in range(count)]


def waiting_at(port: int) -> int:
    """How many wait to be accepted there."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listeners = [row for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    return sum(int(row[4].partition(":")[2], 16) for row in listeners)


def answer(sock: socket.socket, request: bytes = b"") -> bytes:
    """Everything until the server closes."""
    if request:
        sock.sendall(request)
    chunks = iter(lambda: sock.recv(65536), b"")
    return b"".join(chunks)


def healthz(port: int, limit: float = LIMIT) -> bytes:
    """The status line of a request on a connection of its own."""
    with connect(port, limit) as sock:
        request = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        return answer(sock, request).partition(b"\r\n")[0]


def test_a_head_that_dribbles_in_is_cut_off_after_header_timeout(start: Start) -> None:
    port = start(HEADER_TIMEOUT=2)
    with connect(port) as sock:
        begin = monotonic()
        sock.settimeout(0.25)
        for at in range(100):
            try:
                sock.sendall(HEAD[at : at + 1])
                if sock.recv(1) == b"":
                    break
            except TimeoutError:  # Not yet.
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("it was never cut off")
        assert 1.5 < monotonic() - begin < 20


def test_an_idle_connection_is_closed_after_header_timeout(start: Start) -> None:
    port = start(HEADER_TIMEOUT=1)
    with connect(port) as sock:
        begin = monotonic()
        found = answer(sock, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")

        assert found.startswith(b"HTTP/1.1 200 ")
        assert 0.8 < monotonic() - begin < 12


def test_an_address_has_so_many_sockets_and_the_next_is_told_so(start: Start) -> None:
    port = start(HEADER_TIMEOUT=60, CONNECTIONS_PER_ADDRESS=3)
    with silent(port, 3) as held:
        # There are several listeners, so whoever comes later may be accepted sooner.
        wait_until(lambda: not waiting_at(port), "all are accepted")
        with connect(port) as sock:
            head, _, body = answer(sock).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        assert b"\r\nRetry-After: 5" in head
        assert b"\r\nContent-Type: application/json; charset=utf-8\r\n" in head
        assert json.loads(body) == {
            "code": -1,
            "error": "too_many_connections",
            "msg": "too many connections from one address",
        }
        # Whoever has sent a request already gets the answer, not a reset.
        assert healthz(port) == b"HTTP/1.1 429 Too Many Requests"

        held[0].close()
        wait_until(lambda: healthz(port) == b"HTTP/1.1 200 OK", "a free slot")


def test_a_cut_off_frees_the_slot_of_a_socket(start: Start) -> None:
    port = start(HEADER_TIMEOUT=1, CONNECTIONS_PER_ADDRESS=1)
    with silent(port, 1) as (held,):
        held.sendall(b"GET / HT")
        assert answer(held) == b""

        assert healthz(port) == b"HTTP/1.1 200 OK"


def test_a_trusted_proxy_may_have_any_number_of_sockets(start: Start) -> None:
    port = start(HEADER_TIMEOUT=60, CONNECTIONS_PER_ADDRESS=1, TRUSTED_PROXIES="127.0.0.0/8")
    with silent(port, 5):
        assert healthz(port) == b"HTTP/1.1 200 OK"


def test_the_silent_make_room_when_all_slots_are_taken(start: Start) -> None:
    port = start(HEADER_TIMEOUT=60)
    with silent(port, SLOTS + 50):
        begin = monotonic()

        assert healthz(port) == b"HTTP/1.1 200 OK"
        assert monotonic() - begin < 40  # They would be kept for 60.


def test_whoever_asks_and_reads_nothing_makes_room_too(system: System) -> None:
    system.start_http(REQUEST_TIMEOUT=60)
    port = system.http_port
    with ExitStack() as held:
        for _ in range(SLOTS + 10):
            client = held.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect(("127.0.0.1", port))
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 60)
        begin = monotonic()

        assert healthz(port, 50) == b"HTTP/1.1 200 OK"
        assert monotonic() - begin < 50  # They would be kept for 60; there is much to send to them.


@pytest.mark.parametrize("command", [["-m", "http_api"], ["-m", "config.cli", "http"]])
def test_without_tokens_the_http_api_starts_on_loopback_only(
    system: System, command: list[str]
) -> None:
    # It leads to loopback; that this name does is nothing that the check knows.
    refused = system.start(*command, HTTP_HOST="127.1", HTTP_PORT=free_port())

    assert refused.popen.wait(LIMIT) == 1
    assert refused.output.startswith("Error: PUSH_TOKENS: at HTTP_HOST=127.1 other machines")
    assert refused.output.count("\n") == 1


def test_whoever_allows_anonymous_pushes_is_warned(system: System) -> None:
    process = system.start_http(HTTP_HOST="127.1", ALLOW_ANONYMOUS_PUSH=1, HTTP_WORKERS=2)

    assert system.push("hello")[0] == 200
    assert process.output.count("WARNING] ALLOW_ANONYMOUS_PUSH: at HTTP_HOST=127.1") == 1


def test_with_tokens_it_starts_and_wants_one(system: System) -> None:
    token = "0123456789abcdef"
    process = system.start_http(HTTP_HOST="127.1", PUSH_TOKENS=f"backend:{token}")

    assert system.push("hello") == (
        401,
        {
            "code": -1,
            "error": "unauthorized",
            "msg": "a token is needed: Authorization: Bearer TOKEN",
        },
    )
    assert system.call("/push", b"content=hello", Authorization=f"Bearer {token}")[0] == 200
    assert token not in process.output


def test_nobody_waits_for_the_body_of_a_stranger(system: System) -> None:
    system.start_http(PUSH_TOKENS="backend:0123456789abcdef")
    with connect(system.http_port) as sock:
        sock.sendall(b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\ncontent=")

        assert sock.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_the_websocket_server_needs_no_tokens_for_pushing(system: System) -> None:
    _, port = system.start_ws(HTTP_HOST="0.0.0.0")

    assert healthz(port) == b"HTTP/1.1 200 OK"
