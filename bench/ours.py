"""Our own processes, started as an operator starts them, each measurement with a fresh Valkey."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep
from typing import Any

from redis import Redis

from bench import meter
from bench.errors import BenchFailed
from bench.lab import START_TIMEOUT, Lab, Program, free_port, wait_until_listening
from bench.publisher import KEY, Publisher
from bench.subject import PushTarget, Subject
from bench.tokens import PATH
from config.cli.embedded import EmbeddedValkey
from config.settings import Settings

# A peer that keeps messages keeps as many, and as long.
HISTORY_SIZE, HISTORY_SECONDS = Settings().history_size, int(Settings().history_seconds)
FORM = ("--type", "application/x-www-form-urlencoded", "--before", "content=")


@dataclass(frozen=True)
class Ours(Subject):
    """Our WebSocket server with its Redis; `target` leads to our HTTP API if it was started."""

    redis_port: int = 0

    def publisher(self, size: int, wrap: Callable[[bytes], bytes] = bytes) -> Publisher:
        """A producer that LPUSHes messages of `size` bytes, as items that `wrap` makes of them."""
        return Publisher(self.redis_port, size, wrap=wrap)

    def redis_seconds(self) -> float:
        """The CPU time that its Redis has used."""
        with Redis(port=self.redis_port) as client:
            used: Any = client.info("cpu")
        return float(used["used_cpu_user"] + used["used_cpu_sys"])


@contextmanager
def redis(lab: Lab) -> Iterator[int]:
    """A Valkey of its own on the load's core; its port."""
    valkey = EmbeddedValkey.start(Path(mkdtemp(dir=lab.folder)), free_port())
    try:
        yield int(valkey.url.rpartition(":")[2].partition("/")[0])
    finally:
        valkey.stop()


@contextmanager
def serving(
    lab: Lab, name: str = "ours", *, http: bool = False, **settings: object
) -> Iterator[Ours]:
    """The WebSocket server on the server's core and, if asked for, the HTTP API on the other."""
    with redis(lab) as redis_port, served(lab, redis_port, name, http=http, **settings) as server:
        yield server


@contextmanager
def served(
    lab: Lab, redis_port: int, name: str = "ours", *, http: bool = False, **settings: object
) -> Iterator[Ours]:
    """As `serving`, with a Redis that is there already."""
    with lab.ending():
        port, url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
        chosen: dict[str, object] = {"MESSAGE_PREFIX": "", "WS_PORT": port, "REDIS_URL": url}
        chosen |= settings
        program = lab.server("ws_server", sys.executable, "-m", "ws_server", **chosen)
        target = _http_api(lab, url) if http else PushTarget(0)
        wait_until_listening(program, port)
        pids = workers(program, int(str(settings.get("WS_WORKERS", 1))))
        flags: tuple[str, ...] = ()
        yield Ours(name, pids, port, target, flags, PATH, quiet=0.3, redis_port=redis_port)


@contextmanager
def http_api(
    lab: Lab, redis_port: int, name: str, flags: tuple[str, ...] = FORM, **settings: object
) -> Iterator[Subject]:
    """The HTTP API alone, on the server's core; `flags` are what its pushes look like."""
    port, url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
    with lab.ending():
        chosen = {"HTTP_PORT": port, "REDIS_URL": url, **settings}
        program = lab.server("http_api", sys.executable, "-m", "http_api", **chosen)
        wait_until_listening(program, port)
        yield Subject(name, workers(program, 1), port, PushTarget(port, flags=flags))


def check_queue(redis_port: int, expected: int) -> None:
    """So many messages are on the list; it is emptied for whoever comes next.

    Raises:
        BenchFailed: what was confirmed is not what is there.
    """
    with Redis(port=redis_port) as client:
        queued = client.llen(KEY)
        client.delete(KEY)
    if queued != expected:
        raise BenchFailed(f"{queued} messages are queued, {expected} were confirmed")


def _http_api(lab: Lab, url: str) -> PushTarget:
    port = free_port()
    program = lab.service(
        "http_api", sys.executable, "-m", "http_api", HTTP_PORT=port, REDIS_URL=url
    )
    wait_until_listening(program, port)
    return PushTarget(port, flags=FORM)


def workers(program: Program, count: int) -> tuple[int, ...]:
    """The workers of a gunicorn master.

    Raises:
        BenchFailed: there are not so many after a while.
    """
    end = monotonic() + START_TIMEOUT
    while monotonic() < end:
        pids = meter.children(program.pid)
        if len(pids) == count:
            return tuple(pids)
        sleep(0.02)
    raise BenchFailed(f"{program.name} does not have {count} workers")
