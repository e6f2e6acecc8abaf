"""One soak: all processes, the crowd, the traffic, and a look at everything now and then."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from bench import ours
from bench.errors import BenchFailed
from bench.lab import Lab, Program, free_port, wait_until_listening
from bench.soak.samples import Samples
from bench.soak.traffic import Traffic
from bench.tokens import SECRET

LAST_WORDS = 30.0  # Seconds.
LOOKS = 360  # In a long run, about.
SHORTEST = 0.5  # Seconds between two looks.
# So small that all of it is full after some minutes.
SETTINGS: Mapping[str, object] = {
    "SUBSCRIBE_SECRET": SECRET,
    "HISTORY_SIZE": 5000,
    "HISTORY_BYTES": 16 * 1024 * 1024,
    "IDEMPOTENCY_SECONDS": 60,
    "CLIENT_SECONDS": 60,
    "INBOX_SECONDS": 60,
    "RECEIPT_SECONDS": 30,
    "POLL_INTERVAL": 0.5,
    "PING_INTERVAL": 10,
    "SLOW_CLIENT_SECONDS": 20,
    "WINDOW_BYTES": 1024 * 1024,
    "WORKER_CLASS": "bench.soak.worker:Counting",
    "LOG_LEVEL": "warning",
}
WORKERS = 2


@dataclass(frozen=True)
class Load:
    """How long, and how much: clients at a time, seconds that one stays, acts a second."""

    seconds: float
    clients: int
    life: float
    rate: float
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def each(self) -> float:
        """Seconds between two looks."""
        return max(SHORTEST, self.seconds / LOOKS)


@dataclass(frozen=True)
class Servers:
    """What runs; `pids` by the names under which they are reported."""

    pids: Mapping[str, int]
    ws_port: int
    http_port: int
    redis_port: int


def soak(folder: Path, load: Load, say: Callable[[str], None]) -> Samples:
    """Run it for its time, and end everything that was started.

    Raises:
        BenchFailed: a process did not start, or ended meanwhile.
    """
    objects = folder / "objects"
    objects.mkdir()
    with Lab(folder, folder) as lab, serving(lab, load, objects) as servers:
        crowd = _crowd(lab, servers.ws_port, load)
        traffic = Traffic(servers.http_port, servers.redis_port, load.rate)
        traffic.start()
        samples = Samples(servers.pids, servers.redis_port, objects)
        try:
            _look(samples, load)
        except (FileNotFoundError, ProcessLookupError) as problem:
            raise BenchFailed(f"a process has ended: {problem.filename}") from problem
        finally:
            traffic.end()
            samples.close()
        crowd.popen.terminate()
        came = json.loads(crowd.line(LAST_WORDS))
        say(f"clients: {came}")
        say(f"traffic: {dict(traffic.figures)}")
    return samples


@contextmanager
def serving(lab: Lab, load: Load, objects: Path) -> Iterator[Servers]:
    """Two workers of each server, with a Valkey of their own."""
    with ours.redis(lab) as redis_port, lab.ending():
        ws_port, http_port = free_port(), free_port()
        settings = {
            **SETTINGS,
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "WS_PORT": ws_port,
            "HTTP_PORT": http_port,
            "WS_WORKERS": WORKERS,
            "HTTP_WORKERS": WORKERS,
            "OBJECTS": objects,
            "OBJECTS_EACH": load.each,
            **load.settings,
        }
        pids: dict[str, int] = {}
        for name, module, port in (("ws", "ws_server", ws_port), ("http", "http_api", http_port)):
            program = lab.server(module, sys.executable, "-m", module, **settings)
            wait_until_listening(program, port)
            pids[f"{name} master"] = program.pid
            for number, pid in enumerate(ours.workers(program, WORKERS), 1):
                pids[f"{name} {number}"] = pid
        yield Servers(pids, ws_port, http_port, redis_port)


def _crowd(lab: Lab, port: int, load: Load) -> Program:
    words = map(str, (port, load.clients, load.life, SECRET))
    return lab.load(sys.executable, "-m", "bench.soak.crowd", *words)


def _look(samples: Samples, load: Load) -> None:
    end = monotonic() + load.seconds
    while monotonic() < end:
        samples.take()
        sleep(max(0.0, min(load.each, end - monotonic())))
