"""Hundreds who wait, each for something else: a stalled Redis, a hook, or for nothing they say.

What they wait for has a bound of its own, and nobody else waits with them: clients get their
messages, others are answered, and a stop is told at once.
"""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from time import monotonic

import pytest

from tests.support.crowds import LONG_BODY, POST, TURN, ask, asking
from tests.support.events import EventStream
from tests.support.processes import Process, wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import LIMIT, Client, request

MANY = 600  # Of each kind; there are 512 slots.
LIVE = 20
MESSAGES = 10
# A second where the machine has time. They wait for half a minute or more.
WITHIN = 8.0
LET_IN = 12.0  # Behind 1,800 who came before, a few seconds: each has its time at a slot.
REDIS, HOOK, SILENT, DRIBBLE = "wait for Redis", "wait in a hook", "say nothing", "dribble a body"
PUSH = "push"
AT_WS = {REDIS: [REDIS], HOOK: [HOOK], SILENT: [SILENT], DRIBBLE: [DRIBBLE]}
AT_WS["do all of this"] = [REDIS, HOOK, SILENT, DRIBBLE]
AT_HTTP = {PUSH: [PUSH], SILENT: [SILENT], DRIBBLE: [DRIBBLE]}
AT_HTTP["do all of this"] = [PUSH, SILENT, DRIBBLE]
LONG = {"HEADER_TIMEOUT": 60, "REQUEST_TIMEOUT": 60, "REDIS_TIMEOUT": 25, "PING_INTERVAL": 60}
HOOKS = """
import gevent
from ws_server.worker import Worker


class Slow(Worker):
    def on_connect(self, connection):
        if "slow" in connection.channels:
            gevent.sleep(60)
"""


@contextmanager
def waiting(port: int, said: Sequence[bytes], more: bytes) -> Iterator[None]:
    """So many of each who have said this; those who dribble say `more` now and then."""
    ended = threading.Event()
    with ExitStack() as stack:
        crowd: list[socket.socket] = []
        for first in said:
            for _ in range(MANY):
                one = stack.enter_context(socket.create_connection(("127.0.0.1", port), LIMIT))
                one.setblocking(False)
                one.send(first)
                crowd += [one] if first.startswith(b"POST") else []

        def dribble() -> None:
            while not ended.wait(TURN):
                for one in crowd:
                    with suppress(OSError):  # It had to make room.
                        one.send(more)

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class Live:
    """Clients that are there before all others, and what they get."""

    def __init__(self, system: System, port: int, stack: ExitStack) -> None:
        self._system = system
        self._clients = [stack.enter_context(Client(port)) for _ in range(LIVE)]
        self._stream = stack.enter_context(EventStream(port))

    def get_messages(self) -> None:
        """Each of them within a second or so after its push."""
        for number in range(MESSAGES):
            begin = monotonic()
            self._system.redis.lpush(KEY, str(number))
            for client in self._clients:
                assert client.texts(1) == [f"{PREFIX}{number}"]
            assert self._stream.messages(1) == [f"{PREFIX}{number}"]
            assert monotonic() - begin < WITHIN

    def are_told(self) -> None:
        """Of a stop, within a second or so."""
        begin = monotonic()
        assert {client.close_code() for client in self._clients} == {1001}
        with pytest.raises(EOFError):
            self._stream.messages(1)
        assert monotonic() - begin < WITHIN


def start_ws(system: System) -> tuple[Process, int, dict[str, bytes]]:
    """The server, and how each kind of its clients begins."""
    (system.folder / "hooks.py").write_text(HOOKS)
    process, port = system.start_ws(WORKER_CLASS="hooks:Slow", DELIVERY="instant", **LONG)
    said = {
        REDIS: request(port, asking(system, port)),
        HOOK: request(port, "/?channels=slow"),
        SILENT: b"",
        DRIBBLE: POST + LONG_BODY,
    }
    return process, port, said


@pytest.mark.parametrize("kind", AT_WS)
def test_live_clients_get_messages_and_are_told_of_a_stop_whoever_waits(
    system: System, kind: str
) -> None:
    process, port, said = start_ws(system)
    workers = process.children()
    with ExitStack() as stack:
        live = Live(system, port, stack)
        with system.stalled_redis() if REDIS in AT_WS[kind] else nullcontext():
            stack.enter_context(waiting(port, [said[each] for each in AT_WS[kind]], b"a"))
            assert ask(port) < LET_IN
        live.get_messages()
        assert ask(port) < WITHIN
        assert process.children() == workers
        with system.stalled_redis() if REDIS in AT_WS[kind] else nullcontext():
            process.popen.terminate()
            live.are_told()
    wait_until(lambda: process.popen.poll() is not None, "stopped", 2 * LIMIT)
    assert "Traceback" not in process.output


PUSHES = b"GET /push?content=a HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("kind", AT_HTTP)
def test_others_are_answered_and_a_stop_has_its_limit_whoever_waits(
    system: System, kind: str
) -> None:
    process = system.start_http(STOP_TIMEOUT=2, **LONG)
    workers, port = process.children(), system.http_port
    said = {PUSH: PUSHES, SILENT: b"", DRIBBLE: POST + LONG_BODY}
    with ExitStack() as stack:
        stack.enter_context(system.stalled_redis() if PUSH in AT_HTTP[kind] else nullcontext())
        stack.enter_context(waiting(port, [said[each] for each in AT_HTTP[kind]], b"a"))
        assert ask(port) < LET_IN
        begin = monotonic()
        assert system.push("one more")[0] == (503 if PUSH in AT_HTTP[kind] else 200)
        assert ask(port) < WITHIN
        assert monotonic() - begin < 2 * WITHIN
        assert process.children() == workers
        process.popen.terminate()
        wait_until(lambda: process.popen.poll() is not None, "stopped", LIMIT)
    assert "Traceback" not in process.output
