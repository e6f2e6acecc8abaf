"""Pushes of many connections that wait for Redis together: what a stop and a loss do to them."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.processes import wait_until
from tests.support.redis_servers import Server
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT

CONNECTIONS = 16


class Caller:
    """Pushes over one connection that is kept, one after the other."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT)

    def send(self, content: str, id_: str | None = None) -> None:
        body = json.dumps({"content": content} | ({"id": id_} if id_ else {})).encode()
        head = f"POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)

    def status(self) -> int:
        """Of the next answer; 0 if the connection has ended."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.socket.recv(4096)
            if not chunk:
                return 0
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(4096)
        return int(head[9:12])


@contextmanager
def callers(system: System) -> Iterator[list[Caller]]:
    with ExitStack() as stack:
        made = [Caller(system.http_port) for _ in range(CONNECTIONS)]
        for each in made:
            stack.enter_context(each.socket)
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with closing(Server(tmp_path / "redis", "appendonly yes", "appendfsync always")) as server:
        yield server


@pytest.fixture
def system(tmp_path: Path, server: Server) -> Iterator[System]:
    with System(tmp_path, f"redis://{server.address}/0") as system:
        yield system


def queued(server: Server) -> Counter[str]:
    """Contents on the queue; nobody takes them."""
    return Counter(item.decode() for item in server.redis.lrange(KEY, 0, -1))


def test_a_stop_waits_for_all_pushes_that_are_under_way(system: System, server: Server) -> None:
    process = system.start_http()
    with callers(system) as all_:
        server.redis.client_pause(2000, all=False)
        for number, caller in enumerate(all_):
            caller.send(str(number), f"id-{number}" if number % 4 == 0 else None)
        wait_until(lambda: is_pushed_to(server), "Redis has some of them")
        process.popen.terminate()
        statuses = [caller.status() for caller in all_]

    assert statuses == [200] * CONNECTIONS
    assert queued(server) == Counter(map(str, range(CONNECTIONS)))
    wait_until(lambda: process.popen.poll() is not None, "stopped")


def is_pushed_to(server: Server) -> bool:
    return any(each["cmd"] in ("lpush", "eval") for each in server.redis.client_list())


class Load:
    """Callers that push until they are told to stop."""

    def __init__(self, callers: list[Caller]) -> None:
        self.told: dict[str, int] = {}
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._push, args=pair) for pair in enumerate(callers)
        ]
        for thread in self._threads:
            thread.start()

    def confirmed(self) -> set[str]:
        return {content for content, status in list(self.told.items()) if status == 200}

    def wait_for_more(self) -> None:
        enough = len(self.confirmed()) + 200
        wait_until(lambda: len(self.confirmed()) > enough, "pushes are taken")

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _push(self, number: int, caller: Caller) -> None:
        for at in count():
            content = f"{number}-{at}"
            caller.send(content, content if number % 2 else None)
            self.told[content] = caller.status()
            if self._is_over.is_set():
                return


def test_a_redis_that_is_killed_under_load_has_what_was_confirmed_and_nothing_twice(
    system: System, server: Server
) -> None:
    process = system.start_http()
    with callers(system) as all_:
        load = Load(all_)
        for _ in range(2):
            load.wait_for_more()
            server.kill()
            server.start()
        load.wait_for_more()
        load.end()

    now = queued(server)
    assert set(load.told.values()) == {200, 503}
    assert load.confirmed() <= set(now)
    assert max(now.values()) == 1
    assert 1 <= process.output.count("Redis is unavailable") <= 2
