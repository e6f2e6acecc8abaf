"""A page with socket.io-client, unchanged, in a process of Node; see `page.cjs`."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

import redis

from common.message import Message
from tests.support.npm import program as with_libraries
from tests.support.websocket import LIMIT

HERE = Path(__file__).parent


def settings(key: str, **more: object) -> dict[str, Any]:
    """Of a server for them, which has this key."""
    return {"SOCKET_IO": 1, "DELIVERY": "instant", "MESSAGE_CENTER_KEY": key, **more}


def push(client: redis.Redis, key: str, *messages: Message) -> None:
    """Straight onto the list."""
    client.lpush(key, *(message.to_item() for message in messages))


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
    with _running(program, port, auth) as page:
        yield page


@contextmanager
def older(folder: Path, port: int, **query: object) -> Iterator[Page]:
    """One with version 2, which says this in its query; see `older.cjs`."""
    with _running(with_libraries(folder, HERE / "older.cjs"), port, query) as page:
        yield page


@contextmanager
def _running(program: Path, port: int, said: Mapping[str, object]) -> Iterator[Page]:
    command = ["node", str(program), str(port), json.dumps(said)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        timer = Timer(4 * LIMIT, process.kill)
        timer.start()
        try:
            yield Page(process)
        finally:
            timer.cancel()
            process.kill()


@contextmanager
def crowd(
    folder: Path, port: int, pages: Mapping[str, Mapping[str, object]]
) -> "Iterator[subprocess.Popen[str]]":
    """Many pages in one process, by their names; see `crowd.cjs`."""
    program = with_libraries(folder, HERE / "crowd.cjs")
    command = ["node", str(program), str(port), json.dumps(pages)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()
