"""`python -m chaos.publisher NAME FOLDER PORT...`: pushes, and writes down what came of each push.

With a key a push is tried until it is acknowledged, by the next process of the
same name too; without one it is tried once. It never pushes the same label anew.
"""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import TypeAlias
from urllib.parse import urlencode

from chaos.content import channel, content, label
from chaos.ledger import Ledger, newest_first
from chaos.records import Acknowledged, Refused, Tried, Unsure

STYLES = ("plain", "keyed", "batch", "keyedbatch")
ANSWER_TIMEOUT = 5.0  # Seconds.
LAST_TRIES = 30.0  # Seconds that a keyed push still has after SIGTERM.
AGAIN = 0.1  # Seconds before a keyed push is tried again, or the next one if nobody listens.
PAUSE, BATCH_PAUSE = 0.015, 0.25  # Seconds between two pushes, on average.
BATCHES = (2, 3, 5, 10, 20)
LARGE_BATCH, LARGE_BATCH_EVERY = 400, 50
LONGEST_QUERY = 2000

FORM, JSON, NDJSON = (
    {"Content-Type": kind}
    for kind in ("application/x-www-form-urlencoded", "application/json", "application/x-ndjson")
)

Request: TypeAlias = tuple[str, str, bytes | None, dict[str, str]]
Outcome: TypeAlias = Acknowledged | Refused | Unsure


class Api:
    """The HTTP APIs, used in turn over connections that are kept."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = cycle(ports)
        self._count = len(ports)
        self._open: dict[int, HTTPConnection] = {}

    def call(self, request: Request) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            ConnectionRefusedError: nobody listens, so nothing was sent.
            OSError, HTTPException: there was no answer; the push may be done.
        """
        connection = self._connection()
        try:
            method, target, body, headers = request
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            connection.close()
            raise

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    def _connection(self) -> HTTPConnection:
        """The next one; another only if that is refused: then it cannot have got anything."""
        for port in (next(self._ports) for _ in range(self._count)):
            connection = self._open.setdefault(
                port, HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT)
            )
            if connection.sock is not None:
                return connection
            with suppress(ConnectionRefusedError):
                connection.connect()
                return connection
        raise ConnectionRefusedError


class Publisher(threading.Thread):
    """One stream of pushes in one style, with a ledger of its own."""

    def __init__(self, name: str, path: Path, ports: list[int], stopping: threading.Event) -> None:
        super().__init__(name=name)
        self._style = name.rpartition(".")[2]
        self._keyed = self._style.startswith("keyed")
        self._api = Api(ports)
        self._path = path
        self._ledger = Ledger(path)
        self._stopping = stopping
        self._end: float | None = None

    def run(self) -> None:
        number = self._finish_what_was_begun()
        random = Random(f"{self.name} {number}")
        while not self._stopping.is_set():
            tried = Tried(number, self._count(random), self._keyed)
            self._ledger.add([tried])
            self._push(tried)
            number += tried.count
            self._stopping.wait(random.expovariate(1 / (BATCH_PAUSE if tried.count > 1 else PAUSE)))
        self._ledger.close()

    def _finish_what_was_begun(self) -> int:
        """What the one before was killed in the middle of; the first free number."""
        last = next(newest_first(self._path), None)
        if isinstance(last, Tried):
            if last.keyed:
                self._push(last)
            else:
                self._ledger.add([Unsure(last.first, "its publisher was killed")])
        tries = (each for each in newest_first(self._path) if isinstance(each, Tried))
        newest = next(tries, None)
        return newest.first + newest.count if newest else 0

    def _count(self, random: Random) -> int:
        if not self._style.endswith("batch"):
            return 1
        return LARGE_BATCH if random.random() < 1 / LARGE_BATCH_EVERY else random.choice(BATCHES)

    def _push(self, tried: Tried) -> None:
        request = self._request(tried)
        outcome = self._try(tried, request)
        while isinstance(outcome, Unsure) and tried.keyed and self._has_time():
            sleep(AGAIN)
            outcome = self._try(tried, request)
        self._ledger.add([outcome])

    def _has_time(self) -> bool:
        if not self._stopping.is_set():
            return True
        self._end = self._end or monotonic() + LAST_TRIES
        return monotonic() < self._end

    def _try(self, tried: Tried, request: Request) -> Outcome:
        while True:
            try:
                status, body = self._api.call(request)
                return outcome(tried.first, status, body)
            except ConnectionRefusedError:
                if not self._has_time():
                    return Unsure(tried.first, "nobody listened")
                sleep(AGAIN)
            except (OSError, HTTPException) as problem:
                return Unsure(tried.first, type(problem).__name__)

    def _request(self, tried: Tried) -> Request:
        labels = [label(self.name, tried.first + at) for at in range(tried.count)]
        if self._style.endswith("batch"):
            return batch_request(labels, tried)
        return single_request(labels[0], tried)


def outcome(first: int, status: int, body: bytes) -> Outcome:
    """What an answer says about a push."""
    if status == 200 and json.loads(body)["code"] == 0:
        return Acknowledged(first)
    if status == 503:
        return Unsure(first, "status 503")
    return Refused(first, f"status {status} {body[:200]!a}")


def message(label: str) -> dict[str, str]:
    """The fields of a push."""
    where = channel(label)
    return {"content": content(label)} | ({"channel": where} if where else {})


def single_request(label: str, tried: Tried) -> Request:
    """GET, a form or JSON, in turn."""
    fields = message(label)
    headers = {"Idempotency-Key": label} if tried.keyed else {}
    way = tried.first % 3
    if way == 0 and len(target := f"/push?{urlencode(fields)}") < LONGEST_QUERY:
        return "GET", target, None, headers
    if way == 1:
        return "POST", "/push", urlencode(fields).encode(), FORM | headers
    return "POST", "/push", json.dumps(fields).encode(), JSON | headers


def batch_request(labels: list[str], tried: Tried) -> Request:
    """An array or NDJSON, in turn; the key is in each item."""
    items: list[object] = [message(each) | ({"id": each} if tried.keyed else {}) for each in labels]
    if tried.first % 2:
        return "POST", "/push/batch", json.dumps(items).encode(), JSON
    return "POST", "/push/batch", "\n".join(map(json.dumps, items)).encode(), NDJSON


def publishers(
    name: str, folder: Path, ports: list[int], stopping: threading.Event
) -> Iterator[Publisher]:
    """One of each style."""
    for style in STYLES:
        full = f"{name}.{style}"
        yield Publisher(full, folder / f"{full}.ledger", ports, stopping)


def main(name: str, folder: Path, ports: list[int]) -> None:
    """Push until SIGTERM; then finish what is under way."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # Threads inherit it.
    stopping = threading.Event()
    running = list(publishers(name, folder, ports, stopping))
    for publisher in running:
        publisher.start()
    signal.sigwait({signal.SIGTERM})
    stopping.set()
    for publisher in running:
        publisher.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [int(port) for port in sys.argv[3:]])
