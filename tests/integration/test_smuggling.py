"""Requests that are hidden in others: at both ports, and behind the proxies as we set them up.

At the HTTP port each hidden request would push, so the queue counts them. The WebSocket port pushes
nothing: there it would be answered.
"""

import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.certificate import make_certificate
from tests.support.processes import wait_until
from tests.support.proxies import API, LISTEN, ONE, ONE_ADDRESS, Proxy, make_place, serving
from tests.support.smuggling import (
    BODIES,
    HIDDEN,
    WRONG,
    attacks,
    contents_in,
    recording,
    requests_in,
)
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT

PLAIN = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
PLAIN += b'Content-Length: 16\r\n\r\n{"content":"ab"}'
HONEST = b"GET /push?content=hidden HTTP/1.1\r\nHost: a\r\n\r\n"
AT_WS = "GET /hidden/readyz HTTP/1.1\r\nHost: {host}\r\n\r\n"
NAMES = [*WRONG, *BODIES]
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
VICTIMS = 20
# HAProxy passes on trailers as they came; the server refuses the request.
PASSED_ON = {"haproxy": {"a broken trailer"}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http()
        system.start_ws(system.ws_port, MESSAGE_CENTER_KEY="other")  # It leaves the queue alone.
        yield system


def statuses(port: int, *pieces: bytes) -> tuple[list[int], bytes]:
    """Of all answers, and the answers."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as client:
        with suppress(OSError):  # It may be answered, and closed, before all is sent.
            for piece in pieces:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while data := client.recv(65536):
                answer += data
    return [
        int(found) for found in re.findall(rb"^HTTP/1\.1 (\d{3}) ", answer, re.MULTILINE)
    ], answer


def taken(system: System) -> list[bytes]:
    """What is on the queue, the oldest first; it is empty afterwards."""
    found: list[bytes] = system.redis.lrange(KEY, 0, -1)[::-1]  # type: ignore[assignment]
    system.redis.delete(KEY)
    return found


def test_what_is_not_hidden_is_done(shared: System) -> None:
    """Or the tests below would be green whatever is answered."""
    assert statuses(shared.http_port, PLAIN + HONEST)[0] == [200, 200]
    assert taken(shared) == [b"ab", b"hidden"]


@pytest.mark.parametrize("before", [b"", PLAIN], ids=["first", "after a push"])
def test_a_hidden_request_is_not_done(shared: System, before: bytes) -> None:
    for what, attack in attacks("a").items():
        found, answer = statuses(shared.http_port, before + attack)

        assert taken(shared) == ([b"ab"] if before else []), (what, answer)
        assert len(found) == (2 if before else 1), (what, answer)


def test_a_hidden_request_is_not_answered_at_the_other_port(shared: System) -> None:
    assert statuses(shared.ws_port, AT_WS.format(host="a").encode())[0] == [200]
    for what, attack in attacks("a", AT_WS).items():
        found, answer = statuses(shared.ws_port, attack)

        assert len(found) == 1, (what, answer)
        assert b'"ready"' not in answer, (what, answer)


@pytest.mark.parametrize("step", [1, 7])
def test_neither_is_one_that_comes_in_pieces(shared: System, step: int) -> None:
    for what in ("length and chunks", "two lengths", "a space before the colon of chunks"):
        attack = attacks("a")[what]
        pieces = [attack[at : at + step] for at in range(0, len(attack), step)]

        assert statuses(shared.http_port, *pieces)[0] == [400], what
        assert taken(shared) == [], what


@pytest.mark.parametrize(
    ("form", "listen", "api"), [("", LISTEN, API), (ONE_ADDRESS, ONE, ONE)], ids=["two", "one"]
)
def test_a_proxy_and_the_server_see_the_same_requests(
    shared: System, program: str, tmp_path: Path, form: str, listen: str, api: str
) -> None:
    certificate = make_certificate(tmp_path, listen, api)
    with ExitStack() as stack:
        to_http = stack.enter_context(recording(shared.http_port))
        to_ws = stack.enter_context(recording(shared.ws_port))
        place = make_place(tmp_path / program, certificate, to_ws.port, to_http.port, form)
        proxy = stack.enter_context(serving(program, place))
        for host, hidden in ((api, HIDDEN), (listen, AT_WS)):
            for what, attack in attacks(host, hidden).items():
                if what not in PASSED_ON.get(program, ()):
                    stack.enter_context(proxy.secure(host)).sendall(attack)
        # Connections to the server are used again: what is left there would be taken for theirs.
        for number in range(VICTIMS):
            assert pushed(proxy, api, f"victim {number}")
        wait_until(lambda: shared.redis.llen(KEY) >= VICTIMS, "pushes")
        queued = Counter(item.decode() for item in taken(shared))
        sent = Counter(
            content for stream in to_http.streams for content in contents_in(bytes(stream))
        )
        assert sum(count for content, count in sent.items() if "victim" in content) == VICTIMS
        assert queued <= sent  # Nothing that the proxy did not send.
        for stream in to_ws.streams:
            requests_in(bytes(stream))  # It is HTTP for others, too.


def pushed(proxy: Proxy, host: str, content: str) -> bool:
    with proxy.asked(host, "/push", f"content={content}") as answer:
        return answer.status == 200 and b"success" in answer.read()
