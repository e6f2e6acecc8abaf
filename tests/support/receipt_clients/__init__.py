"""Clients in several languages that listen, and have no code for confirming; what each needs.

Each is given addresses to listen to, and the file of a certificate that it has to trust.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.example_programs import version

HERE = Path(__file__).parent
DOWNLOADING = 30.0  # Seconds, of a library of 60 kB.
# Of Java without what takes half of its CPU.
JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
WORKERMAN = "WORKERMAN"  # PHP's client: Debian has no package of it.


def _go(folder: Path) -> list[str] | None:
    """Built outside of the checkout, with a library that comes through the proxy for modules."""
    if version("go", "env", "GOVERSION") < (1, 24):
        return None
    try:
        subprocess.run(
            ["go", "mod", "download"],
            check=True,
            cwd=HERE / "go",
            timeout=DOWNLOADING,
            capture_output=True,
        )
    except subprocess.SubprocessError:
        return None
    subprocess.run(["go", "build", "-o", folder / "listen", "."], check=True, cwd=HERE / "go")
    return [str(folder / "listen")]


def _java(_folder: Path) -> list[str] | None:
    is_here = version("javac", "-version") >= (17,)
    return [*JAVA, str(HERE / "Listen.java")] if is_here else None


def _node(_folder: Path) -> list[str] | None:
    """From 22 on it has a WebSocket as it is."""
    found = version("node", "--version")
    more = ["--experimental-websocket", "--no-warnings"] if found < (22,) else []
    return ["node", *more, str(HERE / "listen.mjs")] if found >= (20, 10) else None


def _php(_folder: Path) -> list[str] | None:
    is_here = WORKERMAN in os.environ and shutil.which("php")
    return ["php", str(HERE / "listen.php")] if is_here else None


def _python(_folder: Path) -> list[str] | None:
    return [sys.executable, str(HERE / "listen.py")]


PROGRAMS: dict[str, Callable[[Path], list[str] | None]] = {
    "Go": _go,
    "Java": _java,
    "Node": _node,
    "PHP": _php,
    "Python": _python,
}


@contextmanager
def listening(name: str, urls: Sequence[str], certificate: Path, folder: Path) -> Iterator[bool]:
    """One of `PROGRAMS`, as long as the block runs; whether it can be run here."""
    command = PROGRAMS[name](folder)
    if command is None:
        yield False
        return
    given = {"CERTIFICATE": str(certificate), "NODE_EXTRA_CA_CERTS": str(certificate)}
    with (folder / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(
            [*command, *urls],
            env={**os.environ, **given},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield True
    finally:
        process.terminate()
        process.wait()
