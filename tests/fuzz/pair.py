"""A door beside the application behind gunicorn: the same bytes for both, in one process.

Each connection has its own sockets at both. Compared are all bytes of the answers but `Date` and
`Connection`, and what was done: what is on the queue, or who was let in.
"""

import logging
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import gevent
from flask import Flask

from common.serving.door.answer import Answer, Caller, Done, PlainApplication
from common.serving.door.plain import Head
from config.settings import Settings
from tests.support.web_server import Application, WebServer

VARYING = re.compile(rb"^(?:Date|Connection): [^\r\n]*\r\n", re.MULTILINE)
MADE = re.compile(rb"^X-Request-Id: [0-9a-f]{16}\r\n", re.MULTILINE)
AT_RANDOM = re.compile(rb"^retry: \d+\n", re.MULTILINE)
# What is no HTTP gunicorn refuses, at the door as behind it, and the connection ends. Which of
# several faults it finds first depends on where the bytes are cut; only these have no `Server`.
NO_HTTP = re.compile(rb"HTTP/1\.1 (?:4\d\d|501) [^\r\n]*\r\nContent-Type:.*\Z", re.DOTALL)
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
LONG = re.compile(r"(.)\1{39,}")  # What is long is mostly one character.
SIDES = ("at the door", "behind it")
PART = 20_000  # Requests of one seed, if there are many.
TURN = 32  # Connections, after which the next settings have their turn.


class Side(Application):
    """An application of ours and what it does, behind gunicorn; at the door, too, if told so."""

    flask: Flask

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.counting: Counting | None = None

    def put_at_door(self, plain: PlainApplication) -> None:
        """Have plain requests answered there, and count these."""
        self.plain = self.counting = Counting(plain)

    def wsgi(self) -> Callable[..., Any]:
        return self.flask

    def vary(self, chance: random.Random) -> None:
        """Change what lies around it, before a connection; both sides have the same luck."""
        raise NotImplementedError

    def done(self) -> list[Any]:
        """What it has done since the last time."""
        raise NotImplementedError


class Counting(PlainApplication):
    """Counts what is answered at the door, by its status: a test of nothing would be green.

    A socket that is taken counts as 101, whatever the first bytes on it are.
    """

    def __init__(self, application: PlainApplication) -> None:
        self._application = application
        self.statuses: Counter[int] = Counter()

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        return self._application.takes(head, length, is_whole=is_whole)

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        is_told = False

        def counted(answer: Answer) -> None:
            nonlocal is_told
            is_told = True
            self.statuses[answer.status] += 1
            done(answer)

        taken = Released(caller)
        is_done = self._application.answer(head, body, taken, counted)
        self.statuses[101] += taken.is_released
        assert not (is_told and taken.is_released)
        return is_done


class Released(Caller):
    """A caller, and whether its socket was taken."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self.is_released = False

    @property
    def address(self) -> str:
        return self._caller.address

    def release(self) -> tuple[Any, bytes]:
        self.is_released = True
        return self._caller.release()


@dataclass
class Found:
    """What was sent and how it was answered; `wrong` says what was not the same."""

    requests: int = 0
    connections: int = 0
    at_door: Counter[int] = field(default_factory=Counter)  # Answers by status.
    in_all: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        self.requests += other.requests
        self.connections += other.connections
        self.at_door += other.at_door
        self.in_all += other.in_all
        self.wrong += other.wrong

    def report(self) -> Iterator[str]:
        """Lines about it."""
        for status, count in sorted(self.in_all.items()):
            yield f"{count:>10,} answers {status}, {self.at_door[status]:,} of them at the door"


class Pair:
    """Two servers with the same settings; only the first has a door."""

    def __init__(self, *sides: Side) -> None:
        self._sides = sides
        self._servers = [WebServer(side.settings, 64, 1, side) for side in sides]
        for server in self._servers:
            server.start()

    @property
    def at_door(self) -> Counter[int]:
        counting = self._sides[0].counting
        assert counting is not None
        return counting.statuses

    def stop(self) -> None:
        for server in self._servers:
            server.stop()

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def ask(
        self, chance: random.Random, pieces: list[bytes]
    ) -> tuple[list[bytes], list[list[Any]]]:
        """The answers of both, and what both have done."""
        luck, awaits = chance.random(), chance.random() < 0.5
        for side in self._sides:
            side.vary(random.Random(luck))
        answers = [_said(server, pieces, awaits) for server in self._servers]
        return answers, [side.done() for side in self._sides]


def _said(server: WebServer, pieces: list[bytes], awaits: bool) -> bytes:
    """All that is answered; `awaits`: its client ends when it has been answered, not before."""
    client = server.connect()
    server.clients.remove(client)
    try:
        with suppress(ConnectionError):  # Refused already. What was answered is there to be read.
            for piece in pieces:
                client.send(piece)
                if awaits or piece is not pieces[-1]:
                    gevent.idle()  # Until whoever can read it has had a turn.
            client.end_sending()
        answers = AT_RANDOM.sub(b"", VARYING.sub(b"", client.end()))
        return MADE.sub(b"X-Request-Id: made\r\n", answers)
    finally:
        client.close()


@dataclass(frozen=True)
class Fuzz:
    """Pairs, one for each of several settings, and what is sent to them."""

    make_pairs: Callable[[], Sequence[Pair]]
    connection: Callable[[random.Random], tuple[int, list[bytes]]]  # How many requests; pieces.

    def run(self, seed: int, requests: int) -> Found:
        """Send at least so many; it ends at the first that is not answered the same."""
        chance, found = random.Random(seed), Found()
        with self._pairs() as pairs:
            while found.requests < requests and not found.wrong:
                self._one(chance, pairs[found.connections // TURN % len(pairs)], found)
                found.connections += 1
            for pair in pairs:
                found.at_door += pair.at_door
        return found

    def run_in_processes(self, seed: int, requests: int, say: Callable[[str], None]) -> list[str]:
        """Run with one seed after the other, on all processors; what is wrong."""
        parts = range(seed, seed + math.ceil(requests / PART))
        total = Found()
        with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_be_quiet) as pool:
            for part, found in zip(parts, pool.map(self.run, parts, repeat(PART)), strict=True):
                total.add(found)
                say(f"{total.requests:>10,} requests")
                if found.wrong:
                    pool.shutdown(cancel_futures=True)
                    say(f"--requests 1 --seed {part} repeats it")
                    break
        for line in total.report():
            say(line)
        return total.wrong

    @contextmanager
    def _pairs(self) -> Iterator[Sequence[Pair]]:
        opened = self.make_pairs()
        try:
            yield opened
        finally:
            for pair in opened:
                pair.stop()  # All of them first, as each takes a moment.
            for pair in opened:
                pair.close()

    def _one(self, chance: random.Random, pair: Pair, found: Found) -> None:
        count, pieces = self.connection(chance)
        answers, done = pair.ask(chance, pieces)
        found.requests += count
        found.in_all.update(map(int, STATUS.findall(answers[1])))
        if len(pieces) > 1:
            answers = [NO_HTTP.sub(b"no HTTP", each) for each in answers]
        if answers[0] != answers[1] or done[0] != done[1]:
            lines = [f"connection {found.connections}: {pieces}"]
            lines += [f"  {SIDES[at]} {answers[at]!r}, done: {done[at]}" for at in (0, 1)]
            found.wrong.append(LONG.sub(_cut, "\n".join(lines)))


def _cut(run: re.Match[str]) -> str:
    return f"<{len(run[0])} {run[1]}>"


def _be_quiet() -> None:
    logging.disable(logging.ERROR)  # It would say of each request what is wrong with it.
