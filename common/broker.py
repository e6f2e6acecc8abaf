"""The one place that speaks Redis.

Keys, all in one hash slot:
    KEY              list    the queue: LPUSHed by anybody, popped from the right
    {KEY}:wip        list    what a blocked pop has taken and the next settle takes first
    {KEY}:log        stream  every message that left the queue; field `c` is its content
    {KEY}:rejected   list    envelopes that could not be read, newest first
    {KEY}:floor      string  the oldest id in the log, once the log has forgotten anything

It decides nothing: no timing, no retries (a retried LPUSH can store a message
twice), no formats. Every failure of Redis comes out as `QueueUnavailable`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.errors import QueueUnavailable
from common.message import Page, format_id, parse_id

SETTLE_MESSAGES = 500
SETTLE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settled:
    """What one settle did: `waiting` items were still queued after it."""

    moved: int
    rejected: int
    waiting: int


@dataclass(frozen=True, slots=True)
class History:
    """How much the log keeps, at least: so many messages, for so many seconds."""

    size: int
    seconds: int


def connect(url: str, timeout: float, connections: int) -> redis.Redis:
    """A client with at most `connections` connections, each command tried once.

    Connects lazily. `timeout` (seconds) bounds connecting, each answer, and the
    wait for a free connection.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    return redis.Redis(connection_pool=pool)


class Broker:
    """Queue and log of one message center."""

    def __init__(self, client: redis.Redis, key: str, history: History) -> None:
        self._redis = client
        self._queue = key
        self._wip = f"{{{key}}}:wip"
        self._log = f"{{{key}}}:log"
        self._rejected = f"{{{key}}}:rejected"
        self._floor = f"{{{key}}}:floor"
        self._history = history
        script = resources.files("common").joinpath("settle.lua").read_text("utf-8")
        self._settle = client.register_script(script)

    def push(self, items: Sequence[bytes]) -> None:
        """LPUSH `items` in one command: all or none, popped in the order given.

        Raises:
            QueueUnavailable: Redis did not confirm it.
        """
        with _redis_errors():
            self._redis.lpush(self._queue, *items)

    def ping(self) -> None:
        """Raises QueueUnavailable unless Redis answers."""
        with _redis_errors():
            self._redis.ping()

    def settle(self) -> Settled:
        """Move the oldest queued items to the log, atomically, a bounded number of them.

        Raises:
            QueueUnavailable: Redis did not confirm it; the messages are in the queue or in the log.
        """
        with _redis_errors():
            answer = self._settle(
                keys=[self._queue, self._wip, self._log, self._rejected, self._floor],
                args=[SETTLE_MESSAGES, SETTLE_BYTES, self._history.size, self._history.seconds],
            )
        return Settled(*answer)

    def wait_for_push(self, timeout: float) -> bool:
        """Block until something is queued, at most `timeout` seconds (BLMOVE); whether it is.

        The item is moved to where the next settle takes it first.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        with _redis_errors():
            moved: Any = self._redis.execute_command(
                "BLMOVE", self._queue, self._wip, "RIGHT", "LEFT", timeout
            )  # type: ignore[no-untyped-call]
        return moved is not None

    def last_id(self) -> int:
        """The id of the newest message that the log ever held; 0 if none (XINFO STREAM).

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        with _redis_errors():
            try:
                info = self._redis.xinfo_stream(self._log)
            except redis.ResponseError as problem:
                if "no such key" in str(problem):
                    return 0
                raise
        return parse_id(info["last-generated-id"])

    def read_after(self, cursor: int, count: int, block_seconds: float | None = None) -> Page:
        """Up to `count` messages after `cursor`; blocks for the first one if told to (XREAD).

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        block = None if block_seconds is None else max(1, round(block_seconds * 1000))
        with _redis_errors():
            answer: Any = self._redis.xread({self._log: format_id(cursor)}, count, block)
        return _page(answer[0][1]) if answer else Page([], [])

    def read_between(self, after: int, upto: int, count: int) -> tuple[Page, bool]:
        """Up to `count` messages after one id up to another, and whether that is all of them.

        False says that the log may have forgotten what came right after `after`.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        with _redis_errors(), self._redis.pipeline(transaction=True) as both:
            both.get(self._floor)
            both.xrange(self._log, b"(" + format_id(after), format_id(upto), count)
            floor, entries = both.execute()
        return _page(entries), floor is None or after >= parse_id(floor) - 1


def _page(entries: list[tuple[bytes, dict[bytes, bytes]]]) -> Page:
    return Page([entry[0] for entry in entries], [entry[1][b"c"] for entry in entries])


@contextmanager
def _redis_errors() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as problem:
        raise QueueUnavailable(str(problem) or type(problem).__name__) from problem
