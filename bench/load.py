"""The load: WebSocket clients that check every frame, and HTTP pushes; both are C programs.

Every result here is of a run in which nothing was missing and nothing out of order.
"""

import json
import os
import signal
from dataclasses import dataclass, replace
from time import sleep

from bench.errors import BenchFailed
from bench.lab import Lab, Program
from bench.subject import PushTarget, Subject

CONNECT_TIMEOUT = 120.0  # Seconds.
SLACK = 30.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the clients of one run saw."""

    connections: int
    connect_seconds: float
    deliveries: int
    seconds: float
    p50_ms: float
    p99_ms: float
    window_p50_ms: float  # Of what was pushed between two marks; 0 without them.
    window_p99_ms: float
    longest_ms: float
    cpu_seconds: float
    line_seconds: float  # Until every connection had what `line` asks for; 0 if nothing does.


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What the publishers of one run saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


class Clients:
    """A running load client, all its connections open."""

    def __init__(self, lab: Lab, program: Program, timeout: float) -> None:
        self._lab = lab
        self._program = program
        self._timeout = timeout

    @property
    def pid(self) -> int:
        return self._program.pid

    def ready(self) -> float:
        """Wait until all are connected; how many seconds that took them.

        Raises:
            BenchFailed: one was refused or closed, or it takes too long.
        """
        line = self._program.line(CONNECT_TIMEOUT)
        if not line.startswith("ready "):
            raise BenchFailed(f"the clients report: {line}")
        return float(line.split()[1])

    def outcome(self) -> Outcome:
        """Wait until every connection has everything.

        Raises:
            BenchFailed: a message is missing or out of order, or a connection was lost.
        """
        line = self._program.line(self._timeout * 2 + SLACK)
        self._program.popen.wait(SLACK)
        self._lab.stop(self._program)
        found = json.loads(line) if line.startswith("{") else {}
        if self._program.popen.returncode or not found:
            raise BenchFailed(f"the clients report: {line}")
        return Outcome(**{name: found[name] for name in Outcome.__dataclass_fields__})

    def mark(self) -> None:
        """The first time the window of `window_p50_ms` begins, the second time it ends."""
        os.kill(self._program.pid, signal.SIGUSR1)

    def release(self) -> Outcome:
        """End clients that were started with `hold`; they must all still be connected."""
        os.kill(self._program.pid, signal.SIGTERM)
        return self.outcome()


def start_clients(
    lab: Lab, subject: Subject, connections: int, messages: int, **options: object
) -> Clients:
    """Start clients without waiting for them; `options` are those of client.c."""
    timeout = float(str(options.setdefault("timeout", 60)))
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    named = [flag.replace("_", "-") if flag.startswith("--") else flag for flag in flags]
    command = [str(lab.tools / "client"), str(subject.port), str(connections), str(messages)]
    return Clients(lab, lab.load(*command, *subject.client_flags, *named), timeout)


def connect(
    lab: Lab, subject: Subject, connections: int, messages: int, **options: object
) -> Clients:
    """Clients, all connected, each of which expects `messages`; the server is quiet again."""
    clients = start_clients(lab, subject, connections, messages, **options)
    clients.ready()
    sleep(subject.quiet)
    return clients


def start_pushes(
    lab: Lab, target: PushTarget, requests: int, size: int, in_flight: int, interval: float = 0
) -> Program:
    """POST messages of `size` bytes, `in_flight` at a time or `interval` seconds apart."""
    shape = (requests, size, in_flight, round(interval * 1e9))
    command = [str(lab.tools / "push"), str(target.port), target.path, *map(str, shape)]
    return lab.load(*command, *target.flags)


def push_for(
    lab: Lab, target: PushTarget, seconds: float, in_flight: int, interval: float = 0
) -> Pushed:
    """POST messages of 128 bytes for so long; `requests` says how many those were."""
    timed = replace(target, flags=(*target.flags, "--seconds", str(seconds)))
    return pushed(lab, start_pushes(lab, timed, 1 << 40, 128, in_flight, interval))


def pushed(lab: Lab, pushes: Program, timeout: float = 120.0) -> Pushed:
    """Wait until all are answered.

    Raises:
        BenchFailed: one was not answered with success.
    """
    line = pushes.line(timeout)
    pushes.popen.wait(SLACK)
    lab.stop(pushes)
    if pushes.popen.returncode:
        raise BenchFailed(f"the publishers report: {line}")
    found = json.loads(line)
    return Pushed(**{name: found[name] for name in Pushed.__dataclass_fields__})
