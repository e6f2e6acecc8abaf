"""The pages as they are seen from outside: a program that has them, and what it says of them."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import IO, Any, NamedTuple

from chaos.cast import environ
from chaos.pages.backend import APP, EVENT, ROOM

HERE = Path(__file__).parent
END_TIMEOUT = 10.0  # Seconds.


@dataclass(frozen=True, slots=True)
class Heard:
    """A page was sent a number on a channel; `at` is when that was read here."""

    at: float
    page: str
    channel: str
    number: int


class Removed(NamedTuple):
    """A page was told that somebody has left the room, who had entered it last at that time."""

    at: float
    page: str
    who: str
    entered: float


class Audience:
    """`heard` grows while it is there; `odd` is what should not have been said."""

    def __init__(self, command: Sequence[str], port: int, names: Sequence[str], log: Path) -> None:
        self.names = names
        self.heard: list[Heard] = []
        self.odd: list[str] = []
        self.entered: dict[tuple[str, str], float] = {}  # When, by page and channel.
        self.members: dict[str, set[str]] = {}  # As each page knows them.
        self.states: dict[str, str] = {}
        self.removed: list[Removed] = []
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, str(port), *APP[1:], *names],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environ(),
            )
        self._input: Any = self._process.stdin
        self._reading = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reading.start()

    def order(self, what: str, name: str) -> None:
        """`enter` or `leave`: the room."""
        self._input.write(f"{what} {name}\n".encode())
        self._input.flush()

    def last(self, page: str, channel: str) -> int:
        """The last number that a page was sent on a channel; -1 if none."""
        own = (
            each for each in reversed(self.heard) if (each.page, each.channel) == (page, channel)
        )
        return next((each.number for each in own), -1)

    def end(self) -> None:
        """Close all pages."""
        self._input.close()
        try:
            self._process.wait(END_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reading.join()

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._note(time(), *json.loads(line))

    def _note(self, at: float, page: str, channel: str, event: str, data: Any) -> None:
        match event:
            case "state":
                self.states[page] = data
            case "members":
                self.members[page] = set(data)
            case "pusher:subscription_succeeded":
                self.entered[page, channel] = at
            case "pusher:member_removed":
                who = _user(data)
                self.removed.append(Removed(at, page, who, self.entered.get((who, ROOM), 0.0)))
            case "pusher:member_added":
                pass
            case _ if event == EVENT:
                self.heard.append(Heard(at, page, channel, data))
            case _:
                self.odd.append(f"{page} {channel} {event} {data}")


def _user(data: dict[str, Any]) -> str:
    return str(data.get("user_id", data.get("id")))


def with_python() -> list[str]:
    return [sys.executable, "-m", "chaos.pages.page"]


def with_pusher_js(folder: Path) -> list[str]:
    """`folder` gets pusher-js from npm, if its `node_modules` has none."""
    if not (folder / "node_modules" / "pusher-js").exists():
        install = ["npm", "install", "--silent", "--no-save", "--prefix", str(folder), "pusher-js"]
        subprocess.run(install, check=True, cwd=folder)
    return ["node", str(shutil.copy(HERE / "page.cjs", folder))]
