"""From 0.2.0 to the present with data in queue and log: all at once, and process by process.

The released code is taken from the history of git, and runs with the libraries of today. Skipped
where there is no such history: in a shallow clone, and in the sdist.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from bench import released as released_code
from tests.support.processes import Process, free_port, wait_until
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT, Client, Closed

FAST: dict[str, Any] = {"POLL_INTERVAL": 0.05}
LAST = "the last one"
PAUSE = 0.005  # Seconds between two pushes.


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the code of 0.2.0."""
    folder = released_code.extract(tmp_path_factory.mktemp("released"))
    if folder is None:
        pytest.skip("this checkout does not have the history of 0.2.0")
    return folder


class Site(System):
    """Servers at ports of their own, of 0.2.0 at first."""

    def __init__(self, folder: Path, released: Path) -> None:
        super().__init__(folder)
        self.running: dict[int, Process] = {}
        self._released = released

    def run_old(self, module: str, port: int) -> None:
        self._run(module, port, PYTHONPATH=self._released)

    def run_new(self, module: str, port: int) -> None:
        self._run(module, port)

    def replace(self, module: str, port: int) -> None:
        """As an operator does it: stopped in order, then the present version in its place."""
        assert self.running[port].stop() == 0, self.running[port].output
        self.run_new(module, port)

    def is_new(self, http_port: int) -> bool:
        """0.2.0 has no /about."""
        url = f"http://127.0.0.1:{http_port}/about"
        try:
            with urllib.request.urlopen(url, timeout=LIMIT):
                return True
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code != 404

    def _run(self, module: str, port: int, **settings: object) -> None:
        name = "HTTP_PORT" if module == "http_api" else "WS_PORT"
        process = self.start("-m", module, **{name: port}, **FAST, **settings)
        self.wait_until_ready(process, port)
        self.running[port] = process


class Reader(threading.Thread):
    """Reads to the last message; closed, it goes on after its last id at the next server."""

    def __init__(self, *ports: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.contents: list[str] = []
        self.notices: list[dict[str, Any]] = []
        self.last_id = ""
        self._ports = list(ports)
        self.start()

    def run(self) -> None:
        while LAST not in self.contents and not self.ended.is_set():
            with suppress(OSError, Closed, EOFError, IndexError):
                self._read()
            self._ports.append(self._ports.pop(0))

    def _read(self) -> None:
        with Client(self._ports[0], f"/?format=json&last_id={self.last_id}") as client:
            while client.status == 101 and LAST not in self.contents:
                row = json.loads(client.texts(1)[0])
                if "type" in row:
                    self.notices.append(row)
                else:
                    self.contents.append(row["content"])
                self.last_id = row.get("id", self.last_id)


class Pusher(threading.Thread):
    """Pushes numbers, each under an id; a push without an answer is tried at the next server."""

    def __init__(self, *ports: int) -> None:
        super().__init__(daemon=True)
        self.accepted: list[str] = []
        self._ports = list(ports)
        self.ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ended.wait(PAUSE):
            self.push(f"message {len(self.accepted)}")

    def push(self, content: str) -> None:
        body = json.dumps({"content": content, "id": content}).encode()
        while True:
            url = f"http://127.0.0.1:{self._ports[0]}/push"
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            with suppress(OSError), urllib.request.urlopen(request, timeout=LIMIT) as answer:
                assert json.load(answer)["code"] == 0
                self.accepted.append(content)
                return
            self._ports.append(self._ports.pop(0))

    def wait_for_more(self, count: int = 30) -> None:
        wanted = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= wanted, "more accepted pushes")

    def stop(self) -> list[str]:
        """With the last one; all that were accepted."""
        self.ended.set()
        self.join()
        self.push(LAST)
        return self.accepted


@pytest.fixture
def site(tmp_path: Path, released: Path) -> Iterator[Site]:
    with Site(tmp_path, released) as site:
        yield site


def test_what_is_in_the_queue_and_in_the_log_is_there_after_the_upgrade(site: Site) -> None:
    http, ws = free_port(), free_port()
    site.run_old("http_api", http)
    site.run_old("ws_server", ws)
    assert not site.is_new(http)
    with Client(ws, "/?format=json&channels=orders") as client:
        assert json.loads(client.texts(1)[0])["type"] == "welcome"
        site.redis.lpush(KEY, *(f"old {number}" for number in range(100)))
        read = [json.loads(text) for text in client.texts(100)][:40]
    assert site.running[ws].stop() == 0
    push(http, content="to a channel", channel="orders")
    push(http, content="to another", channel="news")
    push(http, content="to all")
    assert site.running[http].stop() == 0
    assert site.redis.llen(KEY) == 3

    site.run_new("http_api", http)
    site.run_new("ws_server", ws)
    assert site.is_new(http)
    with Client(ws, f"/?format=json&channels=orders&last_id={read[-1]['id']}") as client:
        welcome = json.loads(client.texts(1)[0])
        push(http, content=LAST)
        found = [json.loads(text)["content"] for text in client.texts(63)]

    assert (welcome["id"], welcome["complete"]) == (read[-1]["id"], True)
    old = [f"old {number}" for number in range(40, 100)]
    assert found == [*old, "to a channel", "to all", LAST]


def test_process_by_process_nothing_is_lost_or_doubled_for_who_resumes(site: Site) -> None:
    http, ws = (free_port(), free_port()), (free_port(), free_port())
    with ExitStack() as stack:
        for module, ports in (("http_api", http), ("ws_server", ws)):
            for port in ports:
                site.run_old(module, port)
        pusher = Pusher(*http)
        stack.callback(pusher.ended.set)
        readers = [Reader(*ws), Reader(*ws[::-1])]
        for reader in readers:
            stack.callback(reader.ended.set)
        pusher.wait_for_more()

        # Listeners first, as docs/operate.md says.
        for module, ports in (("ws_server", ws), ("http_api", http)):
            for port in ports:
                site.replace(module, port)
                pusher.wait_for_more()
        accepted = pusher.stop()
        for reader in readers:
            reader.join(LIMIT)

    assert all(map(site.is_new, http))
    for reader in readers:
        start = accepted.index(reader.contents[0])
        assert reader.contents == accepted[start:]
        assert [each for each in reader.notices if not each.get("complete", True)] == []
        assert len([each for each in reader.notices if each["type"] == "welcome"]) > 1
    assert site.redis.llen(f"{{{KEY}}}:rejected") == site.redis.llen(f"{KEY}:rejected") == 0


def push(port: int, **message: str) -> None:
    body = json.dumps(message).encode()
    url = f"http://127.0.0.1:{port}/push"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=LIMIT) as answer:
        assert json.load(answer)["code"] == 0
