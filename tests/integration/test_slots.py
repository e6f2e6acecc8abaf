"""Slots of the web server: who may hold one, for how long, and what becomes of the others."""

import json
import os
import selectors
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from time import monotonic, sleep

import pytest

from common.serving.gunicorn_worker import ACCEPTS
from http_api.readiness import FRESH
from tests.support.crowds import CROWD, CROWDS, GET, POST, ask, asking, crowd_of
from tests.support.processes import wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import LIMIT, Client

PUSHES = {
    "plain": b"GET /push?content=a HTTP/1.1\r\nHost: a\r\n\r\n",
    "with an id": b"GET /push?content=a&id=%d HTTP/1.1\r\nHost: a\r\n\r\n",
    "batch": POST.replace(b"/push", b"/push/batch") + b'Content-Length: 5\r\n\r\n["a"]',
    "about a user": b"GET /users/ann HTTP/1.1\r\nHost: a\r\n\r\n",
    "about Redis": b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Both servers, which cut nobody off for a minute, for one crowd after the other."""
    settings = {"HEADER_TIMEOUT": 60, "REQUEST_TIMEOUT": 60, "REDIS_TIMEOUT": 25}
    with System(tmp_path_factory.mktemp("shared")) as system:
        system.start_http(**settings)
        system.start_ws(system.ws_port, **settings)
        yield system


def test_whoever_waits_for_redis_holds_no_slot(system: System) -> None:
    """This ended the process: who had been handed over was looked for where it had been."""
    process, port = system.start_ws(REDIS_TIMEOUT=25)
    workers = process.children()
    path = asking(system, port)
    (old,) = system.connect(port)
    with ExitStack() as stack:
        with system.stalled_redis():
            crowd = [stack.enter_context(Client(port, path)) for _ in range(CROWD)]
            assert {client.status for client in crowd} == {101}
            (new,) = system.connect(port)

        assert system.redis.lpush(KEY, "hello")
        for client in (old, new):
            assert client.texts(1) == [PREFIX + "hello"]
        for client in crowd:
            while json.loads(client.texts(1)[0]).get("content") != "hello":
                pass
    assert process.children() == workers


def test_whoever_waits_for_redis_too_long_is_to_come_back(system: System) -> None:
    _, port = system.start_ws(REDIS_TIMEOUT=2, PING_INTERVAL=60)
    path = asking(system, port)
    with ExitStack() as stack, system.stalled_redis():
        begin = monotonic()
        crowd = [stack.enter_context(Client(port, path)) for _ in range(CROWD)]
        assert {client.close_code() for client in crowd} == {1013}
        assert monotonic() - begin < 60  # One after the other would take minutes.


def test_whoever_waits_for_redis_is_told_of_a_stop_at_once(system: System) -> None:
    process, port = system.start_ws(REDIS_TIMEOUT=25)
    path = asking(system, port)
    with ExitStack() as stack, system.stalled_redis():
        crowd = [stack.enter_context(Client(port, path)) for _ in range(100)]
        begin = monotonic()
        process.popen.terminate()
        assert {client.close_code() for client in crowd} == {1001}
        assert monotonic() - begin < 15
    wait_until(lambda: process.popen.poll() is not None, "stopped")


# Both ports have the same web server; all kinds at one of them, and these at the other.
ALL = "do all of this"
AT_WS = ("say nothing", "ask again and again", "are told to go on and do not", ALL)


@pytest.mark.parametrize(
    ("name", "kind"),
    [*(("http", kind) for kind in (*CROWDS, ALL)), *(("ws", kind) for kind in AT_WS)],
)
def test_others_get_in_while_more_than_there_are_slots(
    shared: System, name: str, kind: str
) -> None:
    port = shared.http_port if name == "http" else shared.ws_port

    with crowd_of(port, *(CROWDS if kind == ALL else [kind])):
        waits = [ask(port) for _ in range(3)]

    assert max(waits) < LIMIT, waits  # A second if there is time; they would stay for 60.


def test_whoever_sends_a_body_slowly_is_left_alone_while_there_is_room(shared: System) -> None:
    with socket.create_connection(("127.0.0.1", shared.http_port), LIMIT) as slow:
        slow.sendall(POST + b"Content-Length: 16\r\n\r\n")
        for byte in b'{"content":"ab"}':
            slow.sendall(bytes([byte]))
            ask(shared.http_port)
            sleep(0.1)

        assert slow.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_many_who_come_at_once_and_find_room_keep_their_connections(system: System) -> None:
    process = system.start_http()
    (worker,) = process.children()
    with ExitStack() as stack:
        os.kill(worker, signal.SIGSTOP)  # So that all of them wait to be accepted.
        try:
            crowd = [
                stack.enter_context(socket.create_connection(("127.0.0.1", system.http_port)))
                for _ in range(3 * ACCEPTS)
            ]
            for each in crowd:
                each.sendall(GET)
        finally:
            os.kill(worker, signal.SIGCONT)
        for each in crowd:
            each.settimeout(LIMIT)
            for _ in range(2):
                answer = b""
                while not answer.endswith(b"}\n"):
                    answer += each.recv(65536)
                assert answer.startswith(b"HTTP/1.1 200")
                assert b"connection: close" not in answer.lower()
                each.sendall(GET)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"", GET * 1000),
        (b"", PUSHES["plain"] * 1000),  # Answered at the door.
        (POST.replace(b"json", b"x") + b"Content-Length: 9999999999\r\n\r\n", GET),
    ],
)
def test_one_who_sends_without_a_pause_does_not_stop_the_others(
    shared: System, first: bytes, more: bytes
) -> None:
    stop = threading.Event()

    def send() -> None:
        with socket.create_connection(("127.0.0.1", shared.http_port), LIMIT) as endless:
            endless.sendall(first)
            reading = threading.Thread(target=read, args=[endless])
            reading.start()
            with suppress(OSError):
                while not stop.is_set():
                    endless.sendall(more)
            with suppress(OSError):  # It may have been cut off.
                endless.shutdown(socket.SHUT_RDWR)
            reading.join()

    def read(endless: socket.socket) -> None:
        with suppress(OSError):
            while endless.recv(1 << 20):
                pass

    sending = threading.Thread(target=send)
    sending.start()
    try:
        waits = [ask(shared.http_port) for _ in range(20)]
    finally:
        stop.set()
        sending.join()

    assert max(waits) < 5  # They would wait until it is done.


def send_to(port: int, stack: ExitStack, count: int, request: bytes) -> list[socket.socket]:
    sent = []
    for at in range(count):
        one = stack.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
        one.sendall(request % at if b"%d" in request else request)
        sent.append(one)
    return sent


def first_answered(sockets: list[socket.socket]) -> socket.socket:
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        ((key, _), *_) = selector.select(LIMIT)
    return next(each for each in sockets if each is key.fileobj)


@pytest.mark.parametrize("kind", PUSHES)
def test_whoever_waits_for_redis_leaves_slots_to_others(shared: System, kind: str) -> None:
    """They held all of them for REDIS_TIMEOUT, and nobody was answered meanwhile."""
    sleep(FRESH)  # It has just been ready, and takes that for true for so long.
    with ExitStack() as stack:
        with shared.stalled_redis():
            crowd = send_to(shared.http_port, stack, CROWD, PUSHES[kind])
            waits = [ask(shared.http_port) for _ in range(5)]
            refused = first_answered(crowd)  # Listeners are served in no order among them.
            told = b""
            while not told.endswith(b"}\n"):
                told += refused.recv(65536)
        crowd.remove(refused)
        statuses = {each.recv(65536)[9:12] for each in crowd}
    assert b"200" in statuses
    assert statuses <= {b"200", b"503"}

    assert max(waits) < 8, waits  # A second or so where the machine has time; 25 before.
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b'"queue_unavailable"' in told
    assert b"Retry-After: 1\r\n" in told


def test_a_burst_of_pushes_is_taken_whole(system: System) -> None:
    system.start_http()
    with ExitStack() as stack:
        crowd = send_to(system.http_port, stack, CROWD, PUSHES["plain"])
        assert {one.recv(65536)[:13] for one in crowd} == {b"HTTP/1.1 200 "}
    assert system.redis.llen(KEY) == CROWD
