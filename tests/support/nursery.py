"""Starts our two servers from a process that has loaded their libraries: it forks.

To load them takes most of a start, and the tests start hundreds. A server that is forked does all
that others do, from `__main__` on. It finds loaded what its master would load, and what its workers
would, if that keeps nothing that gevent replaces: see `tests/support/test_nursery.py`. With LONG=1,
and by `message-center serve`, all are started from the beginning.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).parents[2]
SERVERS = ("http_api", "ws_server")
MASTER = ("common.serving.server", "common.serving.gunicorn_worker")  # Any master loads these.
# And workers these. What is loaded last is taken apart first at the end: that must not be gevent's.
LIBRARIES = ("gevent.thread", "flask", "flask_sock", "hiredis", "jwt")
MOST = 1 << 17  # Bytes of an environment and the rest of an order.


class Forked:
    """A server that was forked, with what the tests use of a `subprocess.Popen`."""

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._line = line  # On it comes how it has ended.

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._line], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(int(self._line.recv(64)))
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def _orders() -> socket.socket:
    """The line to the process that forks; it ends with the one that has asked for it."""
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/clients/python"}
    with theirs:
        command = [sys.executable, "-m", "tests.support.nursery", str(theirs.fileno())]
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def can_fork(command: Sequence[str], settings: Iterable[str]) -> bool:
    """Whether it is one of our servers, of the usual Python, and that is quick enough."""
    is_server = command in [["-m", name] for name in SERVERS]
    is_usual = not any(name.startswith("PYTHON") for name in settings)
    return is_server and is_usual and "LONG" not in os.environ


def fork(module: str, folder: Path, environ: Mapping[str, str], output: BinaryIO) -> Forked:
    """Start `python -m MODULE` there."""
    line, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    order = json.dumps([module, str(folder), dict(environ)]).encode()
    with theirs:
        socket.send_fds(_orders(), [order], [output.fileno(), theirs.fileno()])
    return Forked(int(line.recv(64)), line)


class Nursery:
    """Forks on orders, and tells on a line of each child how it has ended."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._lines: dict[int, socket.socket] = {}
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> tuple[str, str, dict[str, str]] | None:
        """In each child: its order. In the parent it returns None when there will be no others."""
        while True:
            ready = select.select([self._orders, self._wake], [], [])[0]
            if self._wake in ready:
                self._wake.recv(4096)
                self._bury()
            if self._orders in ready:
                order, fds, _, _ = socket.recv_fds(self._orders, MOST, 2)
                if not order:
                    return None
                output, line = fds
                pid = os.fork()
                if not pid:
                    self._become(output)
                    module, folder, environ = json.loads(order)
                    return module, folder, environ
                os.close(output)
                self._lines[pid] = socket.socket(fileno=line)
                self._lines[pid].send(b"%d" % pid)

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                with self._lines.pop(found[0]) as line, suppress(OSError):
                    line.send(b"%d" % found[1])

    def _become(self, output: int) -> None:
        """As a process is that was started from the beginning."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._orders, self._wake, self._waker, *self._lines.values()):
            each.detach()
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def run(module: str, folder: str, environ: Mapping[str, str]) -> Any:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.path[0] = folder
    sys.argv = ["-m"]
    sys.orig_argv = [sys.executable, "-m", module]
    return runpy.run_module(module, run_name="__main__", alter_sys=True)


def main(arguments: Sequence[str]) -> None:
    for each in MASTER + LIBRARIES:
        import_module(each)
    gc.freeze()  # Whoever looks for garbage would get a copy of all that is looked at.
    nursery = Nursery(socket.socket(fileno=int(arguments[0])))
    order = nursery.serve()
    if order is not None:
        run(*order)


if __name__ == "__main__":
    main(sys.argv[1:])
