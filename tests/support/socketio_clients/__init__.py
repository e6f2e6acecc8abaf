"""A page with socket.io-client, unchanged, in a process of Node; see `page.cjs`."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from tests.support.pusher_backends import need, need_long, run
from tests.support.websocket import LIMIT

HERE = Path(__file__).parent
PACKAGE = "socket.io-client@4.8"


def install(folder: Path) -> Path:
    """The program, beside its library, which is taken from npm; only LONG=1 asks for that."""
    need_long()
    need("npm")
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), PACKAGE], folder)
    return Path(shutil.copy(HERE / "page.cjs", folder))


class Page:
    """What it hears comes in its order."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def hear(self) -> Any:
        """The next thing."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the page has ended"
        return json.loads(line)

    def do(self, name: str, *arguments: object) -> None:
        """Call a method of its socket."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()

    def ask(self, *arguments: object) -> Any:
        """Emit an event; the answer to it."""
        self.do("emit", *arguments)
        kind, answer = self.hear()
        assert kind == "ack"
        return answer


@contextmanager
def page(program: Path, port: int, **auth: object) -> Iterator[Page]:
    """One that connects, with this `auth`."""
    command = ["node", str(program), str(port), json.dumps(auth)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        timer = Timer(4 * LIMIT, process.kill)
        timer.start()
        try:
            yield Page(process)
        finally:
            timer.cancel()
            process.kill()
