"""What a scene needs besides the stage: programs of its own, and an eye on servers."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from time import time
from typing import Any

from chaos.actor import Actor
from chaos.cast import environ
from chaos.crowd import HERE
from chaos.stage import Stage
from config.cli import children

AWAY = 0.5  # Seconds that a server stays away after its SIGTERM.
LAST_WORDS = 10.0  # Seconds that a program has for them.


class Program:
    """`python -m MODULE …`, that says in lines what it does."""

    def __init__(self, module: str, folder: Path, name: str, *words: object) -> None:
        self._output = folder / f"{name}.out"
        command = [sys.executable, "-m", module, *map(str, words)]
        with self._output.open("wb") as output:
            self._popen = children.spawn(command, environ(), output)

    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    def is_here(self) -> bool:
        """Whether it has begun; it may have failed, too."""
        return HERE in self.lines() or self.has_ended()

    def has_ended(self) -> bool:
        return self._popen.poll() is not None

    def send(self, number: int) -> None:
        if not self.has_ended():
            self._popen.send_signal(number)

    def end(self) -> dict[str, Any]:
        """Let it say what came of it; nothing if it cannot."""
        self.send(signal.SIGTERM)
        try:
            self._popen.wait(LAST_WORDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        last = self.lines()[-1:]
        try:
            said: dict[str, Any] = json.loads(last[0])
        except (ValueError, IndexError):
            return {}
        return said


class Watch:
    """Servers and their workers, as they are at the beginning of a scene."""

    def __init__(self, stage: Stage, *names: str) -> None:
        self._actors = [stage.actors[name] for name in names]
        self._workers = {actor.name: _workers(actor) for actor in self._actors}
        self.terminated_at: float | None = None

    def workers(self, name: str) -> int:
        """How many a server has; each has slots of its own."""
        return len(self._workers[name])

    def terminate(self) -> None:
        """Tell them to end; they will be started again."""
        self.terminated_at = time()
        for actor in self._actors:
            actor.send(signal.SIGTERM, away=AWAY, ends=True)

    def replaced(self) -> list[str]:
        """Those who have not the same workers any more."""
        return [each.name for each in self._actors if _workers(each) != self._workers[each.name]]


def _workers(actor: Actor) -> set[int]:
    held = actor.hold_workers()
    for worker in held:
        worker.close()
    return {worker.pid for worker in held}
