"""Pages with socket.io-client, unchanged, while workers and Redis are killed a hundred times.

What each must have heard stands in Redis' log. The same without the library, in a short time and
with more kinds of faults, is among the readers of `test_chaos.py`.
"""

import json
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from time import sleep, time
from typing import Any, Self

import jwt
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.message import Message
from tests.support.processes import Process, free_port, wait_until
from tests.support.socketio_clients import crowd
from tests.support.system import System

KILLS = 100
SECRET = "a secret that has 32 bytes or more"
LOG = "{message_center}:log"
CHANNELS = ("news", "orders", "user:7", "user:8")
# What each page listens to, besides what is for everybody.
PAGES = {
    "news-1": {"news"},
    "news-2": {"news"},
    "both": {"news", "orders"},
    "user-7": {"user:7", "orders"},
    "user-7-too": {"user:7"},
    "user-8": {"user:8"},
}
CURSOR = "message-center:cursor"
# Seconds after which what Redis has confirmed is on disk: it puts off writing for a busy disk.
DURABLE_AFTER = 3.0
LIMIT = 30.0  # Seconds until all have heard of what was pushed after a kill.


def auth_of(name: str) -> dict[str, object]:
    claims: dict[str, object] = {"channels": ["news", "orders"]}
    if name.startswith("user"):
        claims["sub"] = name.split("-")[1]
    wanted = [each for each in PAGES[name] if not each.startswith("user")]
    return {"token": jwt.encode(claims, SECRET, "HS256"), "channels": sorted(wanted)}


class Load(threading.Thread):
    """Pushes to each channel in turn, and to everybody; it keeps what Redis has confirmed."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.confirmed: dict[str, float] = {}  # When.
        self._port = port
        self._stopping = threading.Event()

    def run(self) -> None:
        with redis.Redis(port=self._port, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
            for number in count():
                channel = (*CHANNELS, "")[number % (len(CHANNELS) + 1)]
                content = f"{channel} {number}"
                with suppress(redis.RedisError):
                    recipients = (channel,) if channel else ()
                    client.lpush("message_center", Message(content, recipients).to_item())
                    self.confirmed[content] = time()
                if self._stopping.wait(0.004):
                    return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()


class Heard:
    """What all pages say, read as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.said: dict[str, list[Any]] = {name: [] for name in PAGES}
        self._lines: Any = process.stdout
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def contents(self, name: str) -> list[str]:
        return [content for event, content in list(self.said[name]) if event == "message"]

    def all_have(self, content: str) -> bool:
        return all(content in reversed(self.contents(name)) for name in PAGES)

    def join(self) -> None:
        self._reading.join()

    def _read(self) -> None:
        for line in self._lines:
            name, *what = json.loads(line)
            self.said[name].append(what)


class Servers:
    """One WebSocket server of two workers, and Redis."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.port = free_port()
        self.redis_kills: list[float] = []  # When.
        self._process = self._start()

    def blows(self) -> list[Callable[[], None]]:
        return [self._kill_worker, self._retire_worker, self._crash, self._kill_redis, self._stop]

    def _start(self) -> Process:
        settings = {"SOCKET_IO": 1, "DELIVERY": "instant", "WS_WORKERS": 2, "REDIS_TIMEOUT": 2}
        more = {"SUBSCRIBE_SECRET": SECRET, "STOP_TIMEOUT": 4}
        return self._system.start_ws(self.port, **settings, **more)[0]

    def _kill_worker(self) -> None:
        self._send(signal.SIGKILL)

    def _retire_worker(self) -> None:
        self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        wait_until(lambda: len(self._process.children()) == 2, "two workers")
        os.kill(random.choice(self._process.children()), number)

    def _crash(self) -> None:
        self._process.kill_all()
        self._process = self._start()

    def _stop(self) -> None:
        self._process.stop()
        self._process = self._start()

    def _kill_redis(self) -> None:
        pid = self._system.redis.info("server")["process_id"]
        self.redis_kills.append(time())
        os.kill(pid, signal.SIGKILL)
        sleep(0.1)
        self._system.stop_redis()
        self._system.start_redis()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_pages_miss_nothing_and_are_recovered_each_time(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    with System(tmp_path) as system:
        servers = Servers(system)
        with crowd(folder, servers.port, {name: auth_of(name) for name in PAGES}) as process:
            heard = Heard(process)
            wait_until(lambda: all(heard.said.values()), "all pages are there", LIMIT)
            with Load(system.redis_port) as load:
                blows = servers.blows() * (KILLS // len(servers.blows()))
                random.shuffle(blows)
                for number, blow in enumerate(blows):
                    sleep(random.uniform(0.0, 0.5))
                    blow()
                    mark = f"after {number}"
                    system.redis.lpush("message_center", mark)
                    wait_until(partial(heard.all_have, mark), f"{blow} {mark}", LIMIT)
            system.redis.lpush("message_center", "the last")
            wait_until(lambda: heard.all_have("the last"), "the last message", LIMIT)
        heard.join()
        entries: Any = system.redis.xrange(LOG)
    logged = [fields[b"c"].decode() for _, fields in entries]

    for content in load.confirmed.keys() - set(logged):
        at = load.confirmed[content]
        assert any(at <= kill < at + DURABLE_AFTER for kill in servers.redis_kills), content
    vanished = {each for name in PAGES for each in heard.contents(name)} - set(logged)
    assert vanished <= load.confirmed.keys() - set(logged)
    for name, channels in PAGES.items():
        own = [each for each in logged if each.split(" ")[0] in {*channels, "", "after", "the"}]
        assert [each for each in heard.contents(name) if each not in vanished] == own
        if not vanished:  # The log has always reached back.
            connects = [said[1] for said in heard.said[name] if said[0] == "connect"]
            assert connects == [False, *[True] * (len(connects) - 1)]
            assert {said[0] for said in heard.said[name]} <= {"connect", "message", CURSOR}
