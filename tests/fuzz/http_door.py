"""The door of the HTTP port beside the application behind gunicorn: the same bytes for both.

Each connection has its own sockets at both, in one process, with a queue in memory. Compared are
all bytes of the answers but `Date` and `Connection`, and what is on the queue.
"""

import logging
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import repeat
from multiprocessing import get_context
from typing import Any

import gevent
from flask import Flask

from common.errors import QueueUnavailable
from common.serving.door.answer import Answer, Caller, Done, PlainApplication
from common.serving.door.plain import Head
from config.settings import Settings
from http_api.app import create_app
from http_api.process import plain
from tests.fuzz.http_parts import TOKEN
from tests.fuzz.http_requests import connection
from tests.support.fakes import FakeClock, FakeCommits, FakePresenceReader, FakeQueue
from tests.support.web_server import Application, WebServer

VARYING = re.compile(rb"^(?:Date|Connection): [^\r\n]*\r\n", re.MULTILINE)
# What is no HTTP gunicorn refuses, at the door as behind it, and the connection ends. Which of
# several faults it finds first depends on where the bytes are cut; only these have no `Server`.
NO_HTTP = re.compile(rb"HTTP/1\.1 (?:4\d\d|501) [^\r\n]*\r\nContent-Type:.*\Z", re.DOTALL)
STATUS = re.compile(rb"^HTTP/1\.1 (\d{3}) ", re.MULTILINE)
SIDES = ("at the door", "behind it")
RUN = re.compile(r"(.)\1{39,}")  # What is long is mostly one character.
PART = 20_000  # Requests of one seed, if there are many.
TURN = 32  # Connections, after which the next settings have their turn.

TOKENS = (("one", TOKEN),)
LOOPBACK = (ip_network("127.0.0.0/8"),)
# Every limit of a push is reached now and then.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"push_tokens": TOKENS},
    {
        "push_tokens": TOKENS,
        "trusted_proxies": LOOPBACK,
        "address_requests_per_second": 8.0,
        "token_requests_per_second": 7.0,
        "address_messages_per_second": 6.0,
        "token_messages_per_second": 5.0,
    },
    {"max_content_bytes": 256, "max_body_bytes": 4096, "max_channels": 3},
)


class Api(Application):
    """The HTTP API with a queue in memory, behind gunicorn; at the door, too, if it is told so."""

    def __init__(self, settings: Settings, at_door: bool) -> None:
        super().__init__(settings)
        self.queue = FakeQueue()
        self.clock = FakeClock()
        self.flask: Flask = create_app(settings, self.queue, FakePresenceReader(), self.clock)
        push = plain(self.flask)
        push.commit_to(FakeCommits(self.queue), settings.idempotency_seconds)
        self.counting = Counting(push)
        if at_door:
            self.plain = self.counting

    def wsgi(self) -> Callable[..., Any]:
        return self.flask


class Counting(PlainApplication):
    """Counts what is answered at the door, by its status: a test of nothing would be green."""

    def __init__(self, application: PlainApplication) -> None:
        self._application = application
        self.statuses: Counter[int] = Counter()

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        return self._application.takes(head, length, is_whole=is_whole)

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        def counted(answer: Answer) -> None:
            self.statuses[answer.status] += 1
            done(answer)

        return self._application.answer(head, body, caller, counted)


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


class Pair:
    """Two servers with the same settings; only one of them has a door."""

    def __init__(self, settings: Settings) -> None:
        self._apis = [Api(settings, at_door) for at_door in (True, False)]
        self._servers = [WebServer(settings, 64, 1, api) for api in self._apis]
        for server in self._servers:
            server.start()

    @property
    def at_door(self) -> Counter[int]:
        return self._apis[0].counting.statuses

    def stop(self) -> None:
        for server in self._servers:
            server.stop()

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def set_up(self, seconds: float, fault: Exception | None, forgets: bool) -> None:
        """What is the same for both: time goes on; Redis may be away, or forget all ids."""
        for api in self._apis:
            api.clock.now += seconds
            api.queue.fault = fault
            if forgets:
                api.queue.take()

    def ask(self, pieces: list[bytes], awaits: bool) -> tuple[list[bytes], list[list[bytes]]]:
        """The answers of both, and what both have queued since the last time."""
        answers = [_said(server, pieces, awaits) for server in self._servers]
        queues = [[item for push in api.queue.pushes for item in push] for api in self._apis]
        for api in self._apis:
            api.queue.pushes.clear()
        return answers, queues


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
        return VARYING.sub(b"", client.end())
    finally:
        client.close()


@contextmanager
def pairs() -> Iterator[list[Pair]]:
    """One for each of SETTINGS."""
    opened = [Pair(Settings(header_timeout=5.0, **each)) for each in SETTINGS]
    try:
        yield opened
    finally:
        for pair in opened:
            pair.stop()  # All of them first, as each takes a moment.
        for pair in opened:
            pair.close()


def run_in_processes(seed: int, requests: int, say: Callable[[str], None]) -> list[str]:
    """Run with one seed after the other, on all processors; what is wrong."""
    parts = range(seed, seed + math.ceil(requests / PART))
    total = Found()
    with ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=_be_quiet) as pool:
        for part, found in zip(parts, pool.map(run, parts, repeat(PART)), strict=True):
            total.add(found)
            say(f"{total.requests:>10,} requests")
            if found.wrong:
                pool.shutdown(cancel_futures=True)
                say(f"seed {part}: see FUZZ='--only door --requests 1 --seed {part}'")
                break
    for status, count in sorted(total.in_all.items()):
        say(f"{count:>10,} answers {status}, {total.at_door[status]:,} of them at the door")
    return total.wrong


def _be_quiet() -> None:
    logging.disable(logging.ERROR)  # It would say of each request what is wrong with it.


def run(seed: int, requests: int) -> Found:
    """Send at least so many; it ends at the first that is not answered the same."""
    chance, found = random.Random(seed), Found()
    with pairs() as opened:
        while found.requests < requests and not found.wrong:
            pair = opened[found.connections // TURN % len(opened)]
            _one(chance, pair, found)
            found.connections += 1
        for pair in opened:
            found.at_door += pair.at_door
    return found


def _one(chance: random.Random, pair: Pair, found: Found) -> None:
    count, pieces = connection(chance)
    fault = QueueUnavailable("away") if chance.random() < 0.05 else None
    pair.set_up(chance.choice([0.0, 0.1, 0.3]), fault, forgets=chance.random() < 0.2)
    answers, queues = pair.ask(pieces, awaits=chance.random() < 0.5)
    found.requests += count
    found.in_all.update(map(int, STATUS.findall(answers[1])))
    if len(pieces) > 1:
        answers = [NO_HTTP.sub(b"no HTTP", each) for each in answers]
    if answers[0] != answers[1] or queues[0] != queues[1]:
        told = (
            f"{name} {said!r}, queued {queue}"
            for name, said, queue in zip(SIDES, answers, queues, strict=True)
        )
        found.wrong.append(
            RUN.sub(_shown, "\n  ".join([f"connection {found.connections}: {pieces}", *told]))
        )


def _shown(run: re.Match[str]) -> str:
    return f"<{len(run[0])} {run[1]}>"
