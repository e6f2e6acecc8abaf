"""The floors, in C: the least that a fan-out, an answer to a push and a handshake can cost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.lab import Lab, free_port
from bench.load import Outcome, start_clients
from bench.subject import PushTarget, Subject

TIMEOUT = 120.0  # Seconds.


@dataclass(frozen=True)
class Floor:
    """One run of it: what the clients saw, and the CPU time of the sending."""

    outcome: Outcome
    cpu_seconds: float

    @property
    def cpu_per_delivery(self) -> float:
        """In microseconds."""
        return self.cpu_seconds / self.outcome.deliveries * 1e6


def run(lab: Lab, connections: int, messages: int, size: int, interval: float, batch: int) -> Floor:
    """Send `messages` to each connection, `batch` in a write, a write every `interval` seconds."""
    port = free_port()
    numbers = (port, connections, messages, size, round(interval * 1e6), batch)
    with lab.ending():
        program = lab.floor(str(lab.tools / "floor"), *map(str, numbers))
        program.line(TIMEOUT)
        subject = Subject("floor", (program.pid,), port, PushTarget(0))
        clients = start_clients(lab, subject, connections, messages)
        clients.ready()
        outcome = clients.outcome()
        return Floor(outcome, json.loads(program.line(TIMEOUT))["cpu_seconds"])


@contextmanager
def door(lab: Lab) -> Iterator[Subject]:
    """A server that answers each push and each handshake at once, and does nothing else."""
    port = free_port()
    with lab.ending():
        program = lab.floor(str(lab.tools / "door"), str(port))
        program.line(TIMEOUT)
        yield Subject("floor", (program.pid,), port, PushTarget(port), quiet=0)
