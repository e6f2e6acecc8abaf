"""One process of the run, and its workers: struck by pid, started again when it has ended.

A worker is held by a pidfd, so that no signal can ever reach a process that has
got the pid of a dead one.
"""

import os
import select
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from config.cli import children

TRACEBACK = "Traceback (most recent call last):"
AGAIN = 0.5  # Seconds before it is started again if it ended by itself.
TAKEN = "cannot use 127.0.0.1"  # A server's last words if its port is still in use.


class Actor:
    """A command that should always run."""

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._environ = environ
        self._popen: subprocess.Popen[bytes] | None = None
        self._is_doomed = False  # Its end is wanted.
        self._away = 0.0  # Seconds to stay away after the next end.
        self._again_at = 0.0
        self.busy_until = 0.0  # It is stopped, or one of its workers.
        self.starts = 0
        self.refused_starts = 0  # Its port was still taken by a worker of the one before.
        self._is_wanted = True

    @property
    def is_up(self) -> bool:
        """Whether it can be struck: it runs, is not stopped, and is not ending already."""
        is_running = self._popen is not None and self._popen.poll() is None
        return is_running and not self._is_doomed and monotonic() >= self.busy_until

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._popen = children.spawn(self._command, self._environ, output)
        self._is_doomed = False
        self._away = 0.1
        self._again_at = 0.0
        self.starts += 1

    def tend(self) -> str | None:
        """Start it again when it is time; what is wrong if it ended and nobody had struck it."""
        if self._popen is None or self._popen.poll() is None:
            return None
        if self._again_at:
            if self._is_wanted and monotonic() >= self._again_at:
                self.start()
            return None
        self._again_at = monotonic() + self._away
        if self._is_doomed:
            return None
        self._again_at = monotonic() + AGAIN
        if TAKEN in self.last_words():
            self.refused_starts += 1
            return None
        return f"ended by itself with status {self._popen.returncode}: {self.last_words()}"

    def last_words(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return " | ".join(lines[-3:])

    def send(self, number: int, *, away: float = 0.0, ends: bool = False) -> None:
        """A signal; `ends` if it is meant to end, to come back after `away` seconds."""
        if self._popen is not None and self._popen.poll() is None:
            if ends:
                self._is_doomed, self._away = True, away
            self._popen.send_signal(number)

    def tracebacks(self) -> Counter[str]:
        """The errors whose tracebacks its log has, and how often."""
        if not self.log.exists():
            return Counter()
        _, *parts = self.log.read_text(errors="replace").split(TRACEBACK)
        lines = (filter(None, part.splitlines()) for part in parts)
        return Counter(next((line for line in its if line[0] != " "), "") for its in lines)

    def wait(self) -> None:
        """Until it has ended; it must have been told to."""
        if self._popen is not None:
            self._popen.wait()

    def ask_to_end(self) -> None:
        """Politely, and for good."""
        self._is_wanted = False
        self.send(signal.SIGTERM, ends=True)
        self.send(signal.SIGCONT)

    def end(self, timeout: float) -> str | None:
        """Wait for that, by force after `timeout` seconds; what is wrong if it came to that."""
        if self._popen is None:
            return None
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
            return f"did not end within {timeout:.0f} s of SIGTERM: {self.last_words()}"
        return None

    def hold_workers(self) -> "list[Held]":
        """What it has started: gunicorn's workers, the oldest first."""
        if self._popen is None:
            return []
        pid = self._popen.pid
        try:
            listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return []
        return [held for child in listed if (held := Held.of(int(child), pid))]


class Held:
    """A worker that no other process can be mistaken for."""

    def __init__(self, pid: int, file: int) -> None:
        self.pid = pid
        self._file = file

    @classmethod
    def of(cls, pid: int, parent: int) -> "Held | None":
        """The child `pid` of `parent`; None if it is no more."""
        try:
            held = cls(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None
        # Between the look and the opening it may have ended, and its pid be another's.
        if _parent(pid) != parent:
            held.close()
            return None
        return held

    def send(self, number: int) -> None:
        """A signal, if it is still there."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._file, number)

    def has_ended(self, timeout: float) -> bool:
        """Whether it ends within so many seconds."""
        poll = select.poll()  # select() knows no descriptor beyond 1,023.
        poll.register(self._file, select.POLLIN)
        return bool(poll.poll(timeout * 1000))

    def close_if_ended(self) -> bool:
        """Whether it has ended; then nothing more can be done with it."""
        has_ended = self.has_ended(0)
        if has_ended:
            self.close()
        return has_ended

    def close(self) -> None:
        os.close(self._file)


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(")")[2].split()[1])
