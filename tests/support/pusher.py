"""A process that pushes from its event loop, as the door does.

`python -m gevent.monkey --module tests.support.pusher REDIS_URL KEY TIMEOUT ROOM`: each line of
its input is a list of [content, id or null] that come at once. Each answer is a line: the content,
what it was told, and how many seconds later.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import gevent
from gevent.fileobject import FileObject

from common.errors import QueueUnavailable
from common.refused import Refused
from common.store.commits import Commits
from common.store.connect import connect
from common.store.event_line import EventLine
from common.store.keys import Keys
from common.store.pending import Room
from common.store.push_commands import PushCommands, Result
from tests.support.processes import ROOT

Push = tuple[str, str | None]  # Content and id.
OK, LOST, MANY = "ok", "unavailable", "many wait"


class Pusher:
    """The process, from outside."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.seconds: dict[str, float] = {}  # From each push to its answer.
        self.reasons: dict[str, str] = {}

    def submit(self, pushes: Iterable[Push]) -> None:
        """All in one turn of the event loop."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(list(pushes)).encode() + b"\n")
        self._process.stdin.flush()

    def results(self, count: int) -> dict[str, str]:
        """The next answers."""
        assert self._process.stdout is not None
        found: dict[str, str] = {}
        for _ in range(count):
            content, told, self.reasons[content], self.seconds[content] = json.loads(
                self._process.stdout.readline()
            )
            assert content not in found
            found[content] = told
        return found

    def push(self, pushes: Iterable[Push]) -> dict[str, str]:
        """Submit them, and wait for all answers."""
        all_ = list(pushes)
        self.submit(all_)
        return self.results(len(all_))


@contextmanager
def pusher(url: str, key: str, timeout: float = 5.0, room: int = 256) -> Iterator[Pusher]:
    """Started, and ended at the end."""
    command = ["-m", "gevent.monkey", "--module", __name__, url, key, str(timeout), str(room)]
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, stdin=pipe, stdout=pipe) as process:
        try:
            yield Pusher(process)
        finally:
            process.kill()


def kind(result: Result) -> str:
    if isinstance(result, QueueUnavailable):
        return LOST
    if isinstance(result, Refused):
        return MANY
    return OK if result is None else f"the item at {result} is another"


def main(url: str, key: str, timeout: str, room: str) -> None:
    line = EventLine(connect(url, float(timeout), 1, key))
    commits = Commits(line, PushCommands(Keys(key)), float(timeout), Room(int(room)))

    def submit(pushes: list[Push]) -> None:
        for content, id_ in pushes:
            begin = monotonic()

            def done(result: Result, content: str = content, begin: float = begin) -> None:
                told: Any = [content, kind(result), str(result), monotonic() - begin]
                print(json.dumps(told), flush=True)  # noqa: T201

            commits.submit([content.encode()], [id_], 60, done)

    for words in FileObject(sys.stdin.fileno(), "rb"):
        gevent.get_hub().loop.run_callback(submit, json.loads(words))


if __name__ == "__main__":
    main(*sys.argv[1:])
