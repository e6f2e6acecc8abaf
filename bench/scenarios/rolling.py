"""A rolling restart, from the last release to the present and once more, while messages flow.

A new server is started, then an old one is stopped, as Kubernetes does it. At the end one is
killed. Clients come back to the server that has the fewest of those that say that they are ready.
"""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Event, Thread
from time import monotonic, sleep

from bench import ours, released
from bench.errors import BenchFailed
from bench.lab import START_TIMEOUT, Lab, Program, free_port
from bench.plan import Plan
from bench.publisher import Publisher
from bench.returning import Returning, Step
from bench.table import Cell, Claim, Row, Table

SIZE = 128
SERVERS = 2
LOOK = 0.5  # Seconds between two looks at /readyz, as a balancer has them.
KILLED = 5.0  # Seconds to come back, without any order.
PATIENCE = 60.0  # Seconds for a stop, besides DRAIN_SECONDS.
BARS = " ▁▂▃▄▅▆▇█"
COLUMNS = (
    "seconds",
    "closed",
    "p50 ms",
    "p99 ms",
    "longest ms",
    "away at most, ms",
    "missed by text clients",
    "connects, from left to right",
)


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table: a row for each step."""
    clients, drain = plan.of(10_000, 3000, 200), plan.of(30, 10, 2)
    rate, quiet = plan.of(4, 8, 40), plan.of(20, 10, 1)
    bare = clients // 10
    old = released.extract(Path(mkdtemp(dir=lab.folder)))
    with ours.redis(lab) as redis_port, lab.ending():
        site = Site(lab, redis_port, drain)
        for _ in range(SERVERS):
            site.start(old)
        movers = Returning(lab, clients, bare)
        movers.at(site.ports)
        movers.open()
        with flowing(redis_port, rate) as flow:
            sleep(quiet / 4)
            movers.step()
            sleep(quiet)
            rows = [_row("quiet", before := movers.step())]
            upgrade = _roll(site, movers, "an old one")
            restart = _roll(site, movers, "a new one")
            sleep(quiet)
            rows += [_row(name, step) for name, step in upgrade + restart]
            rows.append(_row("quiet again", after := movers.step()))
            site.kill_oldest(movers)
            sleep(KILLED)
        rows.append(_row("one is killed", movers.end(flow.pushed)))
    least = min(before.p99_ms, after.p99_ms)
    conditions = (
        f"{clients:,} clients, {bare:,} of them text clients, which cannot resume; {SERVERS} "
        f"servers on one core, at first of {released.VERSION if old else 'the same version'}; "
        f"{rate} messages/s of {SIZE} bytes to everybody; instant, DRAIN_SECONDS={drain}. "
        "Latencies are of clients that were connected during the whole step. Who was closed waits "
        "up to 0.5 s before it connects. Those who resume missed nothing and had nothing twice."
    )
    halves = (("Upgrade from 0.2.0, which cannot drain", upgrade), ("Rolling restart", restart))
    claims = [
        Claim(
            f"{what}: p99 of the others in the slowest step (× quiet)", _slowest(steps) / least, 2
        )
        for what, steps in halves
    ]
    return [Table("Rolling restart", conditions, COLUMNS, rows, claims)]


class Site:
    """The servers of the moment, the oldest first."""

    def __init__(self, lab: Lab, redis_port: int, drain: int) -> None:
        self._lab = lab
        self._settings = {
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "MESSAGE_PREFIX": "",
            "DELIVERY": "instant",
            "DRAIN_SECONDS": drain,
        }
        self._drain = drain
        self._running: list[tuple[int, Program]] = []

    @property
    def ports(self) -> list[int]:
        return [port for port, _ in self._running]

    def start(self, code: Path | None = None) -> None:
        """One more, of this version or of `code`; returns when it is ready."""
        port = free_port()
        settings = {**self._settings, "WS_PORT": port}
        if code is not None:
            settings |= {"PYTHONPATH": code}
        # -P: not the code of the folder of the start, which is ours.
        command = [sys.executable, "-P", "-m", "ws_server"]
        program = self._lab.server("ws_server", *command, **settings)
        self._running.append((port, program))
        end = monotonic() + START_TIMEOUT
        while not is_ready(port):
            if monotonic() > end:
                raise BenchFailed("a server does not get ready")
            sleep(0.05)

    def stop_oldest(self, movers: Returning) -> None:
        """As an operator does it; nobody is sent there from when it is not ready any more."""
        port, program = self._running.pop(0)
        program.popen.terminate()
        while is_ready(port):
            sleep(LOOK)
        movers.at(self.ports)
        try:
            program.popen.wait(self._drain + PATIENCE)
        except subprocess.TimeoutExpired:
            raise BenchFailed("a server does not stop") from None
        self._lab.stop(program)

    def kill_oldest(self, movers: Returning) -> None:
        """As the kernel does it where memory ends: all its clients come to the others at once."""
        _, program = self._running.pop(0)
        movers.at(self.ports)
        os.killpg(program.pid, signal.SIGKILL)
        self._lab.stop(program)


class Flow(Thread):
    """Pushes at an even pace until it is told to end."""

    def __init__(self, publisher: Publisher, rate: float) -> None:
        super().__init__()
        self.pushed = 0
        self.ended = Event()
        self._publisher = publisher
        self._rate = rate

    def run(self) -> None:
        while not self.ended.is_set():
            self._publisher.paced(1, self._rate)
            self.pushed += 1


@contextmanager
def flowing(redis_port: int, rate: float) -> Iterator[Flow]:
    """Messages flow meanwhile."""
    with Publisher(redis_port, SIZE) as publisher:
        flow = Flow(publisher, rate)
        flow.start()
        try:
            yield flow
        finally:
            flow.ended.set()
            flow.join()


def is_ready(port: int) -> bool:
    """What a balancer asks."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _roll(site: Site, movers: Returning, what: str) -> list[tuple[str, Step]]:
    """Replace all servers, one after the other."""
    steps = []
    for _ in range(SERVERS):
        site.start()
        movers.at(site.ports)
        steps.append(("one starts", movers.step()))
        site.stop_oldest(movers)
        steps.append((f"{what} stops", movers.step()))
    return steps


def _slowest(steps: list[tuple[str, Step]]) -> float:
    return max(step.p99_ms for _, step in steps)


def _row(name: str, step: Step) -> Row:
    cells: tuple[Cell, ...] = (
        step.seconds,
        float(step.closed),
        step.p50_ms,
        step.p99_ms,
        step.longest_ms,
        step.longest_away_ms or None,
        float(step.bare_missed),
        bars(step.opened_in) if step.opened else None,
    )
    return Row(name, cells)


def bars(tenths: tuple[int, ...]) -> str:
    """A histogram in one line, a bar for each second; for less than 5 seconds, for each tenth."""
    width = 10 if len(tenths) > 50 else 1
    counts = [sum(tenths[at : at + width]) for at in range(0, len(tenths), width)]
    most = max(1, *counts, 1)
    return "".join(BARS[-(-each * (len(BARS) - 1) // most)] for each in counts).rstrip()
