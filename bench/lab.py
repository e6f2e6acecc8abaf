"""The place of a measurement: two cores, a folder, and every process that was started.

Servers get one core, everything else the other, this process too. Whatever was
started is ended with the lab, also when a scenario fails. It never touches a
process that it has not started, and listens on loopback only.
"""

import os
import select
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Self

from bench.errors import BenchFailed
from config.cli import children
from config.settings import describe

ROOT = Path(__file__).parent.parent
STOP_TIMEOUT = 15.0  # Seconds.
START_TIMEOUT = 30.0


class Program:
    """One child process and what it prints, line by line."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], output: int) -> None:
        self.name = name
        self.popen = popen
        self._output = output
        self._held = b""

    @property
    def pid(self) -> int:
        return self.popen.pid

    def line(self, timeout: float) -> str:
        """The next line of its output.

        Raises:
            BenchFailed: there is none within `timeout` seconds, or it has ended.
        """
        end = monotonic() + timeout
        while b"\n" not in self._held:
            ready, _, _ = select.select([self._output], [], [], max(0.0, end - monotonic()))
            if not ready:
                raise BenchFailed(f"{self.name} said nothing for {timeout:.0f} s")
            got = os.read(self._output, 65536)
            if not got:
                raise BenchFailed(f"{self.name} ended: {self._held.decode(errors='replace')}")
            self._held += got
        line, _, self._held = self._held.partition(b"\n")
        return line.decode(errors="replace")

    def end(self) -> None:
        """End it and wait for that."""
        if self.popen.poll() is None:
            children.stop(self.popen, STOP_TIMEOUT)
        os.close(self._output)


class Lab:
    """Starts programs on the two cores; a context manager."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder = folder
        self.tools = tools
        cores = sorted(os.sched_getaffinity(0))
        self._all_cores = set(cores)
        self._server_core, self._load_core = {cores[0]}, {cores[-1]}
        self._running: list[Program] = []

    def __enter__(self) -> Self:
        os.sched_setaffinity(0, self._load_core)
        return self

    def __exit__(self, *_: object) -> None:
        while self._running:
            self.stop(self._running[-1])
        os.sched_setaffinity(0, self._all_cores)

    def load(self, *command: str) -> Program:
        """A program on the load's core, its output to be read with `line`."""
        return self._talk(self._load_core, command)

    def floor(self, *command: str) -> Program:
        """As `load`, but on the server's core."""
        return self._talk(self._server_core, command)

    def server(self, name: str, *command: str, **environ: object) -> Program:
        """A program on the server's core, its output in the folder."""
        return self._serve(name, self._server_core, command, environ)

    def service(self, name: str, *command: str, **environ: object) -> Program:
        """As `server`, but on the load's core: what the server under test needs beside it."""
        return self._serve(name, self._load_core, command, environ)

    def stop(self, program: Program) -> None:
        """End one that this lab has started."""
        self._running.remove(program)
        program.end()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Whatever is started inside is ended with it, the last first."""
        before = len(self._running)
        try:
            yield
        finally:
            while len(self._running) > before:
                self.stop(self._running[-1])

    def _talk(self, cores: set[int], command: Sequence[str]) -> Program:
        readable, writable = os.pipe()
        with os.fdopen(writable, "wb") as output, self._on(cores):
            popen = children.spawn(command, None, output)
        return self._keep(Program(Path(command[0]).name, popen, readable))

    def _serve(
        self, name: str, cores: set[int], command: Sequence[str], environ: Mapping[str, object]
    ) -> Program:
        log = self.folder / f"{name}-{len(self._running)}.log"
        with log.open("wb") as output, self._on(cores):
            popen = children.spawn(command, _environment(environ), output)
        return self._keep(Program(name, popen, os.open(log, os.O_RDONLY)))

    @contextmanager
    def _on(self, cores: set[int]) -> Iterator[None]:
        """What is started inside inherits these cores."""
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self._load_core)

    def _keep(self, program: Program) -> Program:
        self._running.append(program)
        return program


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(program: Program, port: int) -> None:
    """Return when somebody accepts on `port`.

    Raises:
        BenchFailed: the program ended before, or it takes too long.
    """
    end = monotonic() + START_TIMEOUT
    while monotonic() < end and program.popen.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.02)
    raise BenchFailed(f"{program.name} does not start: {_last_words(program)}")


def _last_words(program: Program) -> str:
    lines: list[str] = []
    try:
        while True:
            lines.append(program.line(0.1))
    except BenchFailed:
        return "\n".join(lines[-10:])


def _environment(environ: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with no setting of ours but `environ`."""
    ours = {row.name for row in describe()}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    ours_too = {name: str(value) for name, value in environ.items()}
    return {**clean, "PYTHONPATH": str(ROOT), **ours_too}
