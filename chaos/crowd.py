"""`python -m chaos.crowd PORT FOLDER NAME LIVE COMING SECONDS`: many clients of one server.

LIVE of them are there from the start, and say so. At SIGUSR1 so many as COMING come back, all
at once, after the first message that a live one has read; SECONDS later the fault is over. Each
leaves when it has read something newer than that, or, of those who came back, most with their
first message: who reads all keeps the machine busy. The last line says what came of it, as
JSON; what each has read stands in its ledger. SIGTERM ends the wait for those who have not.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from math import inf
from pathlib import Path
from time import time

from chaos.reader import PIECE, Reader
from chaos.records import Gap, Lost, Read, Record
from chaos.truth import redis_id
from chaos.wire import Decoder, Events, WebSocket

HERE = "here"  # What is said when all live ones have read something.
MARGIN = 0.1  # Seconds after the end of the fault that must still be read.
MANY = 300  # Messages that some ask for.
THOROUGH = 30  # One in so many of those who come back reads all.
SIP = 2048  # Bytes that the others read at once.
LOOK = 0.02  # Seconds between two looks at whether it is so.

JSON = partial(WebSocket, is_json=True)
# Of the live ones, most have what a close frame can be read from.
LIVE: Sequence[tuple[str, Callable[[], Decoder]]] = (
    ("live-json", JSON),
    ("live-json", JSON),
    ("live-sse", partial(Events, is_json=True)),
)
BACK_JSON, BACK_SSE = ("back-json", JSON), ("back-sse", partial(Events, is_json=True))
# Nearly all ask for an id that their server has to look for: more than it has slots.
COMING: Sequence[tuple[str, Callable[[], Decoder]]] = (
    *(BACK_JSON, BACK_SSE, BACK_JSON, BACK_JSON, BACK_SSE, BACK_JSON, BACK_SSE),
    ("back-last", partial(WebSocket, is_json=True, last=MANY)),
)


@dataclass(slots=True)
class Until:
    """The time of which everybody must have read."""

    time: float = inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many have read enough, of so many; and how many seconds after the fault the last one had.

    `ends`: for each of the live ones, how its connections ended, and when; `refusals`: how often
    those who came back were sent away, and why.
    """

    served: int
    asked: int
    slowest: float
    ends: list[list[tuple[str, float]]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)


class Guest(Reader):
    """A reader that leaves when it has read enough; without `until`, with its first message."""

    patience = 30.0
    pauses = (0.3, 2.0)  # So many of them would keep the machine busy.

    def __init__(
        self,
        path: Path,
        decoder: Callable[[], Decoder],
        port: int,
        last_id: str,
        until: Until | None,
    ) -> None:
        super().__init__(path, decoder, [port], PIECE if until else SIP)
        self._last_id = last_id
        self._until = until
        self.ends: list[tuple[str, float]] = []
        self.served_at = 0.0
        self.first = self.newest = ""  # The ids of messages that it has read.

    def _note(self, records: list[Record]) -> None:
        super()._note(records)
        for record in records:
            if isinstance(record, Lost):
                self.ends.append((record.why, time()))
            elif isinstance(record, Read | Gap):
                self.newest = record.id
                self.first = self.first or record.id

    def _is_done(self) -> bool:
        if not self.served_at and self.newest and self._is_enough():
            self.served_at = time()
        return bool(self.served_at)

    def _is_enough(self) -> bool:
        return self._until is None or redis_id(self.newest)[0] / 1000 > self._until.time


class Crowd:
    """All of them."""

    def __init__(self, port: int, folder: Path, name: str) -> None:
        self._port, self._folder, self._name = port, folder, name
        self._until = Until()
        self._live: list[Guest] = []
        self._coming: list[Guest] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._ended_at = 0.0

    def arrive(self, count: int) -> None:
        """The live ones."""
        self._live = self._enter(LIVE, count, "")

    async def wait_until_here(self) -> None:
        """Until all of them have read something."""
        while not all(guest.newest for guest in self._live):
            await asyncio.sleep(LOOK)

    def come_back(self, count: int, seconds: float) -> None:
        """The others; the fault lasts so many seconds from now on.

        They come after an old message, so that their server has to look for it.
        """
        self._ended_at = time() + seconds
        self._until.time = self._ended_at + MARGIN
        self._coming = self._enter(COMING, count, self._live[0].first)

    async def wait_until_served(self) -> None:
        """Until everybody has read that."""
        while not self._ended_at or not all(task.done() for task in self._tasks):
            await asyncio.sleep(LOOK)
        for task in self._tasks:
            task.result()  # A guest never fails but by an error of its own: show it.

    def outcome(self) -> Outcome:
        guests = self._live + self._coming
        served = [guest.served_at for guest in guests if guest.served_at]
        return Outcome(
            len(served),
            len(guests),
            max(served, default=0.0) - self._ended_at,
            [guest.ends for guest in self._live],
            dict(Counter(why for guest in self._coming for why, _ in guest.ends)),
        )

    def _enter(
        self, kinds: Sequence[tuple[str, Callable[[], Decoder]]], count: int, last_id: str
    ) -> list[Guest]:
        guests = []
        for number in range(count):
            kind, decoder = kinds[number % len(kinds)]
            path = self._folder / f"{self._name}.{kind}.{number}.ledger"
            had = "" if kind == "back-last" else last_id
            is_thorough = not last_id or number // len(kinds) % THOROUGH == 0
            until = self._until if is_thorough else None
            guests.append(Guest(path, decoder, self._port, had, until))
        self._tasks += [asyncio.create_task(guest.run()) for guest in guests]
        return guests


async def serve(port: int, folder: Path, name: str, live: int, coming: int, seconds: float) -> None:
    """Until all have been served, or SIGTERM."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    crowd = Crowd(port, folder, name)
    loop.add_signal_handler(signal.SIGUSR1, crowd.come_back, coming, seconds)
    loop.add_signal_handler(signal.SIGTERM, told.set)
    crowd.arrive(live)
    await crowd.wait_until_here()
    _say(HERE)
    waits = [asyncio.create_task(each) for each in (crowd.wait_until_served(), told.wait())]
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    _say(json.dumps(asdict(crowd.outcome())))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(port: str, folder: str, name: str, live: str, coming: str, seconds: str) -> None:
    """As the words of a command are given."""
    asyncio.run(serve(int(port), Path(folder), name, int(live), int(coming), float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
