"""Pushes of every kind, and who looks on: a thread, until it is told to end."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import redis

from bench.publisher import KEY
from bench.soak.names import USERS, channel
from common.message import Message

LARGE = 60 * 1024
BATCH = 40
FRESH = 50  # Requests over one connection.
TIMEOUT = 30.0


class Traffic(threading.Thread):
    """About `rate` acts a second. `figures` counts what was done, and what was refused."""

    def __init__(self, http_port: int, redis_port: int, rate: float) -> None:
        super().__init__(daemon=True)
        self._port, self._rate = http_port, rate
        self._redis: Any = redis.Redis(port=redis_port)
        self._random = Random(11)
        self._line = http.client.HTTPConnection("127.0.0.1", http_port, timeout=TIMEOUT)
        self._number = 0
        self._asked = "nobody"  # The id under which a receipt was asked for.
        self._told = threading.Event()
        self.figures: Counter[str] = Counter()
        some, few = 5, 2
        self._acts: list[Callable[[], object]] = [
            *[self._push_form] * some,
            *[self._push_under_an_id] * some,
            *[self._push_json] * some,
            *[self._lpush] * some,
            *[self._push_to_a_user] * some,
            *[self._lpush_to_a_channel] * some,
            *[self._push_batch] * few,
            *[self._look] * few,
            self._push_for_a_receipt,
            self._read_a_receipt,
            self._push_large,
            self._kick,
        ]

    def run(self) -> None:
        due = monotonic()
        while not self._told.is_set():
            self._number += 1
            act = self._random.choice(self._acts)
            try:
                act()
                self.figures[act.__name__.lstrip("_")] += 1
            except (OSError, http.client.HTTPException, redis.RedisError) as problem:
                self.figures[type(problem).__name__] += 1
                self._line.close()
            due = max(due, monotonic() - 1) + 1 / self._rate
            sleep(max(0.0, due - monotonic()))
        self._line.close()
        self._redis.close()

    def end(self) -> None:
        """Let it end, and wait for that."""
        self._told.set()
        self.join()

    def _text(self) -> str:
        return f"message {self._number} " + "." * self._random.randrange(600)

    def _ask(self, method: str, path: str, body: str | None = None, kind: str = "") -> None:
        if self._number % FRESH == 0:
            self._line.close()
        headers = {"Content-Type": kind} if kind else {}
        self._line.request(method, path, body, headers)
        answer = self._line.getresponse()
        answer.read()
        self.figures[f"status {answer.status}"] += 1

    def _push(self, **message: object) -> None:
        self._ask("POST", "/push", json.dumps(message), "application/json")

    def _push_form(self) -> None:
        form = urlencode({"content": self._text()})
        self._ask("POST", "/push", form, "application/x-www-form-urlencoded")

    def _push_under_an_id(self) -> None:
        self._push(content=self._text(), id=f"id-{self._number}")

    def _push_json(self) -> None:
        self._push(content={"order": self._number, "lines": [1, 2.5, None, self._text()]})

    def _push_to_a_user(self) -> None:
        users = [str(self._random.randrange(USERS)), f"once-{self._number}"]
        self._push(content=self._text(), users=users)

    def _push_for_a_receipt(self) -> None:
        self._asked = f"receipt-{self._number}"
        self._push(content=self._text(), channel="news.1", id=self._asked, receipt=True)

    def _read_a_receipt(self) -> None:
        self._ask("GET", f"/messages/{self._asked}")

    def _push_large(self) -> None:
        self._push(content="." * LARGE, channel=channel(self._random, self._number))

    def _push_batch(self) -> None:
        to = channel(self._random, self._number)
        ids = (f"batch-{self._number}-{at}" for at in range(BATCH))
        rows = [{"content": self._text(), "channel": to, "id": id_} for id_ in ids]
        self._ask("POST", "/push/batch", json.dumps(rows), "application/json")

    def _lpush(self) -> None:
        self._redis.lpush(KEY, self._text(), self._text())

    def _lpush_to_a_channel(self) -> None:
        to = channel(self._random, self._number)
        self._redis.lpush(KEY, Message(self._text(), (to,)).to_item())

    def _look(self) -> None:
        user = self._random.randrange(USERS)
        paths = (
            "/stats",
            "/users",
            f"/users/{user}",
            "/channels",
            "/metrics",
            "/messages?limit=50",
        )
        self._ask("GET", self._random.choice(paths))

    def _kick(self) -> None:
        self._ask("DELETE", f"/users/{self._random.randrange(USERS)}/connections")
