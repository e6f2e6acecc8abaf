"""How long Redis takes, and how often it fails, by command. A script counts under its own name.

Only the way to Redis counts: what blocks on purpose has no time.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from hashlib import sha1
from importlib import resources
from time import perf_counter
from typing import Any

import redis
from redis.exceptions import NoScriptError

from common.libraries.redis_connection import OwnConnection
from common.metrics.numbers import Buckets, Numbers

FAILURES = (redis.RedisError, OSError)
MAY_BLOCK = "xread"  # Of others, which may have thousands of words, none is looked at.
CONNECT = "connect"  # Instead of a command.
SCRIPTS = resources.files("common.store")


class RedisMeter:
    """Plain numbers of one process."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.seconds: defaultdict[str, Buckets] = defaultdict(partial(Buckets, "redis_seconds"))
        texts = (each.read_bytes() for each in SCRIPTS.iterdir() if each.name.endswith(".lua"))
        names = (each.name[:-4] for each in SCRIPTS.iterdir() if each.name.endswith(".lua"))
        shas = (sha1(text, usedforsecurity=False).hexdigest() for text in texts)
        self._scripts = dict(zip(shas, names, strict=True))

    def name_of(self, command: Sequence[Any]) -> str:
        """What it counts under."""
        word = str(command[0])
        if word == "EVALSHA":
            return self._scripts.get(command[1], "evalsha")
        if word == "EVAL":
            text = str(command[1]).encode()
            return self._scripts.get(sha1(text, usedforsecurity=False).hexdigest(), "eval")
        return word.lower()

    def note(self, command: Sequence[Any], began: float) -> None:
        """It was answered now; it was sent at a time of `perf_counter`."""
        name = self.name_of(command)
        if name != MAY_BLOCK or "BLOCK" not in command:
            self.seconds[name].note(perf_counter() - began)

    def fail(self, command: Sequence[Any], problem: BaseException) -> None:
        """It failed. That a server does not know a script yet is no failure."""
        if isinstance(problem, FAILURES) and not isinstance(problem, NoScriptError):
            self.errors[self.name_of(command)] += 1


class MeteredClient(redis.Redis):
    """A client whose commands are counted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.meter = RedisMeter()

    def execute_command(self, *args: Any, **options: Any) -> Any:
        began = perf_counter()
        try:
            answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except FAILURES as problem:
            self.meter.fail(args, problem)
            raise
        self.meter.note(args, began)
        return answer


def add_redis(numbers: Numbers, meter: RedisMeter) -> None:
    """Let `/metrics` show it."""
    numbers.add("redis_errors_total", lambda: meter.errors)
    numbers.add("redis_seconds", lambda: meter.seconds)


def meter_of(client: redis.Redis) -> RedisMeter:
    """That of a client; a new one if nobody counts."""
    return client.meter if isinstance(client, MeteredClient) else RedisMeter()


def opened(pool: redis.ConnectionPool, meter: RedisMeter) -> OwnConnection:
    """A connection like those of a pool, opened.

    Raises:
        redis.RedisError: it could not be opened, which is counted.
    """
    try:
        return OwnConnection(pool)
    except FAILURES:
        meter.errors[CONNECT] += 1
        raise
