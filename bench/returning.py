"""Clients that come back to another server when theirs stops; rolling.c is the program."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.errors import BenchFailed
from bench.lab import Lab

ANSWER = 150.0  # Seconds.
FIFOS = count()


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happened between two looks; latencies are of those who were connected all the time."""

    seconds: float
    open: int
    samples: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    closed: int
    opened: int
    refused: int  # Connects that came to nothing, and were tried again.
    cut: int  # Closed without a close frame.
    missing: int  # By those who resume, as the next three.
    doubled: int
    gaps: int
    bare_missed: int
    longest_away_ms: float
    closed_in: tuple[int, ...]  # In each tenth of a second.
    opened_in: tuple[int, ...]

    @classmethod
    def read(cls, line: str) -> "Step":
        """From a line of the program.

        Raises:
            BenchFailed: somebody who resumes has missed a message, or has had one twice.
        """
        found: dict[str, Any] = json.loads(line)
        for name in ("closed_in", "opened_in"):
            found[name] = tuple(found[name])
        step = cls(**found)
        if step.missing or step.doubled or step.gaps:
            raise BenchFailed(
                f"who resumes missed {step.missing} messages, had {step.doubled} twice, "
                f"and was told of {step.gaps} gaps"
            )
        return step


class Returning:
    """All of them; `bare` cannot resume."""

    def __init__(self, lab: Lab, clients: int, bare: int) -> None:
        fifo = lab.folder / f"orders-{next(FIFOS)}"
        os.mkfifo(fifo)
        self._orders = os.open(fifo, os.O_RDWR)
        self._program = lab.load(str(lab.tools / "rolling"), str(clients), str(bare), str(fifo))

    def at(self, ports: Iterable[int]) -> None:
        """Let those who connect choose among these servers."""
        self._say(f"at {' '.join(map(str, ports))}")

    def open(self) -> None:
        """Connect all of them."""
        self._say("open")
        self._program.line(ANSWER)

    def step(self) -> Step:
        """What happened since the last one."""
        self._say("step")
        return Step.read(self._program.line(ANSWER))

    def end(self, messages: int) -> Step:
        """The last one, when all who resume have had so many messages."""
        self._say(f"end {messages}")
        step = Step.read(self._program.line(ANSWER))
        os.close(self._orders)
        return step

    def _say(self, order: str) -> None:
        os.write(self._orders, f"{order}\n".encode())
