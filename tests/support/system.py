"""The real processes for tests: Valkey, the HTTP API and the WebSocket server, on free ports."""

import json
import os
import signal
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from config.cli.embedded import EmbeddedValkey
from tests.support.processes import Process, free_port, wait_until
from tests.support.websocket import LIMIT, Client

KEY = "message_center"
PREFIX = "Python语言消息中心: "
PAUSE = 0.005  # Seconds between two pushes of a `Pusher`: the rest is for those whom it tests.


class System:
    """Starts what a test asks for and ends all of it afterwards.

    With a `redis_url` of the test's own it starts no Redis.
    """

    def __init__(self, folder: Path, redis_url: str | None = None) -> None:
        self.folder = folder
        self.redis_port = free_port()
        self.redis_url = redis_url or f"redis://127.0.0.1:{self.redis_port}/0"
        self.http_port = free_port()
        self.ws_port = free_port()
        self._valkey: EmbeddedValkey | None = None
        self._processes: list[Process] = []
        self._clients: list[Client] = []
        if redis_url is None:
            self.start_redis()
        self.redis = redis.Redis(port=self.redis_port)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients:
            client.socket.close()
        for process in self._processes:
            if process.popen.poll() is None:
                process.kill_all()
            if problem is not None:
                print(process.output)  # noqa: T201  # pytest shows it with the failure.
        self.redis.close()
        self.stop_redis()

    def start_redis(self) -> None:
        """A real Valkey with an append-only file; the same data and port every time."""
        self._valkey = EmbeddedValkey.start(self.folder / "valkey", self.redis_port)

    def stop_redis(self) -> None:
        """As an operator stops it: what it has acknowledged is kept."""
        if self._valkey is not None:
            self._valkey.stop()
        self._valkey = None

    @contextmanager
    def stalled_redis(self) -> Iterator[None]:
        """Redis is there, takes connections, and answers nothing."""
        pid = self.redis.info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def start(self, *command: str, **settings: object) -> Process:
        """Any process of ours, with this system's Redis."""
        process = Process(list(command), self.folder, REDIS_URL=self.redis_url, **settings)
        self._processes.append(process)
        return process

    def start_http(self, port: int | None = None, **settings: object) -> Process:
        """The HTTP API, ready."""
        port = port or self.http_port
        process = self.start("-m", "http_api", HTTP_PORT=port, **settings)
        self.wait_until_ready(process, port)
        return process

    def start_ws(self, port: int | None = None, **settings: object) -> tuple[Process, int]:
        """A WebSocket server, ready, and its port."""
        port = port or free_port()
        process = self.start("-m", "ws_server", WS_PORT=port, **settings)
        self.wait_until_ready(process, port)
        return process, port

    def connect(self, port: int, count: int = 1) -> list[Client]:
        """So many WebSocket clients, connected."""
        clients = [Client(port) for _ in range(count)]
        self._clients += clients
        assert {client.status for client in clients} == {101}
        return clients

    def push(self, content: str) -> tuple[int, dict[str, Any]]:
        """POST one message; status and answer."""
        form = urllib.parse.urlencode({"content": content}).encode()
        return self.call("/push", form)

    def call(
        self, path: str, data: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Any request to the HTTP API; status and answer."""
        url = f"http://127.0.0.1:{self.http_port}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(url, data, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def wait_until_ready(self, process: Process, port: int) -> None:
        """Until it takes pushes, or clients."""

        def is_ready() -> bool:
            assert process.popen.poll() is None, process.output
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=LIMIT):
                    return True
            except OSError:
                return False

        wait_until(is_ready, f"ready: {process.output}", LIMIT * 2)


class Pusher(threading.Thread):
    """Pushes numbers, one after the other, and keeps those that were acknowledged."""

    def __init__(self, system: System, prefix: str = "message") -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.refused = 0
        self.statuses: set[int] = set()
        self._system = system
        self._prefix = prefix
        self._stopping = threading.Event()
        self.start()

    def run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            content = f"{self._prefix} {number}"
            status, answer = self._system.push(content)
            self.statuses.add(status)
            if status == 200 and answer["code"] == 0:
                self.acknowledged.append(content)
            else:
                assert (status, answer["error"]) == (503, "queue_unavailable")
                self.refused += 1
            number += 1
            self._stopping.wait(PAUSE)

    def stop(self) -> list[str]:
        self._stopping.set()
        self.join()
        return self.acknowledged

    def wait_for_more(self, count: int = 20) -> None:
        """Until so many more have been acknowledged."""
        wanted = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= wanted, "more acknowledged pushes")
