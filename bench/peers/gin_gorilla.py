"""The Go original's shape, gin and gorilla/websocket: built from go_original/ if `go` is here.

Its modules come from the Go proxy the first time; without that it is missing.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bench import tools
from bench.lab import Lab, free_port, wait_until_listening
from bench.ours import FORM
from bench.subject import PushTarget, Subject

NAME = "Go, gin and gorilla"
SOURCE = Path(__file__).parent / "go_original"
MODULES = ("github.com/gin-gonic/gin", "github.com/gorilla/websocket")
BUILD_TIMEOUT = 600.0  # Seconds: the first time it compiles all modules.


@cache
def find() -> bool:
    """Whether it is built; it is, if that has not been done yet and can be."""
    go = shutil.which("go")
    if go is None:
        return False
    tools.BUILD.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [go, "build", "-o", str(_binary()), "."],
        cwd=SOURCE,
        capture_output=True,
        check=False,
        timeout=BUILD_TIMEOUT,
    )
    return done.returncode == 0


def version() -> str:
    """Those of its modules."""
    words = [line.split() for line in (SOURCE / "go.mod").read_text().splitlines()]
    direct = {line[0]: line[1] for line in words if len(line) == 2 and line[0] in MODULES}
    return ", ".join(f"{name.rpartition('/')[2]} {direct[name]}" for name in MODULES)


@contextmanager
def serving(lab: Lab) -> Iterator[Subject]:
    """It on the server's core."""
    port = free_port()
    with lab.ending():
        program = lab.server("go-original", str(_binary()), str(port))
        wait_until_listening(program, port)
        yield Subject(NAME, (program.pid,), port, PushTarget(port, flags=FORM))


def _binary() -> Path:
    return tools.BUILD / "go-original"
