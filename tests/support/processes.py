"""The processes of ours that tests start, on free ports, and how a test waits for them."""

import atexit
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import ClassVar

from config.settings import describe
from tests.support.nursery import Forked, can_fork, fork
from tests.support.websocket import LIMIT

ROOT = Path(__file__).parents[2]


# Below what the system gives to connections that go out (from 32768 on), so that a server that is
# restarted finds its port free; above what Chromium refuses to open (10080 is the highest).
PORTS = range(11_000, 32_000)
BLOCK = 500  # Ports that a process of tests takes for itself at a time.
GIVING = Lock()


def free_port() -> int:
    """A port that nobody listens at; another one each time, in all processes that run tests.

    Our servers share a port when two of them ask for the same one (`SO_REUSEPORT`), so that a port
    that two tests were given does not fail there: each gets a part of the other's clients.
    """
    with GIVING:  # Some tests start servers in threads.
        return next(_ports())


@cache
def _ports() -> Iterator[int]:
    starts = list(PORTS[::BLOCK])
    random.shuffle(starts)
    for start in starts:
        # Who holds the block's first number in UDP has all of its numbers in TCP.
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", start))
        except OSError:
            claim.close()
            continue
        atexit.register(claim.close)  # Until the end, it is ours.
        yield from filter(_is_free, range(start, start + BLOCK))
    raise RuntimeError("the tests have used up all ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def wait_until(is_true: Callable[[], bool], what: str, limit: float = LIMIT) -> None:
    """Wait for a state that nothing announces; AssertionError naming it after `limit` seconds."""
    end = monotonic() + limit
    while not is_true():
        assert monotonic() < end, f"not within {limit} s: {what}"
        sleep(0.01)


def environment(**settings: object) -> dict[str, str]:
    """This process's environment, with no setting of ours but `settings`."""
    ours = {row.name for row in describe()}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    return {**clean, **{name: str(value) for name, value in settings.items()}}


class Process:
    """One process of ours, its output in a file.

    `python` is that of an environment in which we are installed; a `PYTHONPATH` has other sources.
    By default this checkout runs.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        python: Path | None = None,
        /,
        **settings: object,
    ) -> None:
        self.log = folder / f"{free_port()}.log"
        found = (
            {}
            if python or "PYTHONPATH" in settings
            else {"PYTHONPATH": f"{ROOT}:{ROOT}/clients/python"}
        )
        environ = {**environment(**settings), **found}
        self.popen: subprocess.Popen[bytes] | Forked
        with self.log.open("wb") as output:
            if found and can_fork(command, settings):
                self.popen = fork(command[-1], folder, environ, output)
                return
            self.popen = subprocess.Popen(
                [str(python or sys.executable), *command],
                env=environ,
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def output(self) -> str:
        return self.log.read_text()

    def children(self) -> list[int]:
        """The processes that it has started: gunicorn's workers."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def kill_all(self) -> None:
        """kill -9 of all of it, at once, as if the machine had gone."""
        os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it politely; its exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(LIMIT * 2)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"did not stop:\n{self.output}") from None


class Serve(Process):
    """`message-center serve` on free ports, with an embedded Valkey in `folder`."""

    started: ClassVar[list["Serve"]] = []

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = ("-m", "config.cli", "serve"),
        python: Path | None = None,
        /,
        **settings: object,
    ) -> None:
        self.http_port, self.ws_port = free_port(), free_port()
        own = {
            "HTTP_PORT": self.http_port,
            "WS_PORT": self.ws_port,
            "EMBEDDED_REDIS_PORT": 0,
            "DATA_DIR": folder / "data",
            "POLL_INTERVAL": 0.05,
        }
        super().__init__(command, folder, python, **{**own, **settings})
        self.started.append(self)

    def wait_for_addresses(self) -> None:
        def is_up() -> bool:
            assert self.popen.poll() is None, self.output
            return "Stop: Ctrl-C" in self.output

        wait_until(is_up, "the addresses", LIMIT * 2)

    def descendants(self) -> dict[int, str]:
        """Every process below it, by its command line."""
        found: dict[int, str] = {}
        parents = self.children()
        while parents:
            pid = parents.pop()
            folder = Path(f"/proc/{pid}")
            found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parents += map(int, (folder / f"task/{pid}/children").read_text().split())
        return found
