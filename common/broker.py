"""The one place that speaks Redis.

Keys, all in one hash slot:
    KEY              list    the queue: LPUSHed by anybody, popped from the right
    {KEY}:wip        list    what a blocked pop has taken and the next settle takes first
    {KEY}:log        stream  every message that left the queue; field `c` is its content
    {KEY}:rejected   list    envelopes that could not be read, newest first
    {KEY}:floor      string  the oldest id in the log, once the log has forgotten anything

It decides nothing: no timing, no retries (a retried LPUSH can store a message
twice), no formats. How commands travel is `common.line`'s business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from importlib import resources
from typing import Any

from common.line import Client, Command, Line, redis_errors
from common.message import Page, format_id, parse_id

SETTLE_MESSAGES = 500
SETTLE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settled:
    """What one settle did: `waiting` items were still queued, `first` is the first id given."""

    moved: int
    rejected: int
    waiting: int
    first: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, answer: Any) -> "Settled":
        """From what settle.lua answers."""
        moved, rejected, waiting, first = answer
        return cls(moved, rejected, waiting, parse_id(first))


@dataclass(frozen=True, slots=True)
class History:
    """How much the log keeps, at least: so many messages, for so many seconds."""

    size: int
    seconds: int


class Broker:
    """Queue and log of one message center.

    Pushes share the client's pool. Everything that repeats has a connection of its
    own, one for each of settling, reading and paging, so that none waits for another.
    """

    def __init__(self, client: Client, key: str, history: History) -> None:
        self._redis = client
        self._queue = key
        self._wip = f"{{{key}}}:wip"
        self._log = f"{{{key}}}:log"
        self._floor = f"{{{key}}}:floor"
        rejected = f"{{{key}}}:rejected"
        script = resources.files("common").joinpath("settle.lua").read_bytes()
        keys = (self._queue, self._wip, self._log, rejected, self._floor)
        bounds = (SETTLE_MESSAGES, SETTLE_BYTES, history.size, history.seconds)
        self._settle = (
            "EVALSHA",
            sha1(script, usedforsecurity=False).hexdigest(),
            len(keys),
            *keys,
            *bounds,
        )
        self._settling = Line(client.connection_pool, script)
        self._reading = Line(client.connection_pool, repeatable=True)
        self._paging = Line(client.connection_pool, repeatable=True)

    def push(self, items: Sequence[bytes]) -> None:
        """LPUSH `items` in one command: all or none, popped in the order given.

        Raises:
            QueueUnavailable: Redis did not confirm it.
        """
        with redis_errors():
            self._redis.lpush(self._queue, *items)

    def ping(self) -> None:
        """Raises QueueUnavailable unless Redis answers."""
        with redis_errors():
            self._redis.ping()

    def settle(self) -> Settled:
        """Move the oldest queued items to the log, atomically, a bounded number of them.

        Raises:
            QueueUnavailable: Redis did not confirm it; the messages are in the queue or in the log.
        """
        (answer,) = self._settling.call(self._settle)
        return Settled.parse(answer)

    def settle_and_read(self, cursor: int, count: int) -> tuple[Settled, Page]:
        """`settle` and `read_after` in one round trip.

        Raises:
            QueueUnavailable: as `settle`.
        """
        settled, entries = self._settling.call(self._settle, self._read(cursor, count))
        return Settled.parse(settled), _page_of_stream(entries)

    def settle_and_wait(self, timeout: float) -> Settled:
        """`settle`, then `wait_for_push`, in one round trip.

        Raises:
            QueueUnavailable: as `settle`.
        """
        settled, _moved = self._settling.call(self._settle, self._wait(timeout))
        return Settled.parse(settled)

    def wait_for_push(self, timeout: float) -> bool:
        """Block until something is queued, at most `timeout` seconds (BLMOVE); whether it is.

        The item is moved to where the next settle takes it first.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        (moved,) = self._settling.call(self._wait(timeout))
        return moved is not None

    def last_id(self) -> int:
        """The id of the newest message that the log ever held; 0 if none (XINFO STREAM).

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        (exists,) = self._paging.call(("EXISTS", self._log))
        if not exists:
            return 0
        (info,) = self._paging.call(("XINFO", "STREAM", self._log))
        return parse_id(info[info.index(b"last-generated-id") + 1])

    def read_after(self, cursor: int, count: int, block_seconds: float | None = None) -> Page:
        """Up to `count` messages after `cursor`; blocks for the first one if told to (XREAD).

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        (entries,) = self._reading.call(self._read(cursor, count, block_seconds))
        return _page_of_stream(entries)

    def read_between(self, after: int, upto: int, count: int) -> tuple[Page, bool]:
        """Up to `count` messages after one id up to another, and whether none before is missing.

        False says that the log may have forgotten what came right after `after`.

        Raises:
            QueueUnavailable: Redis did not answer.
        """
        # The floor last: what was read is whole if the log had not forgotten it even then.
        entries, floor = self._paging.call(
            ("XRANGE", self._log, b"(" + format_id(after), format_id(upto), "COUNT", count),
            ("GET", self._floor),
        )
        return _page(entries), floor is None or after >= parse_id(floor) - 1

    def _read(self, cursor: int, count: int, block_seconds: float | None = None) -> Command:
        block = () if block_seconds is None else ("BLOCK", max(1, round(block_seconds * 1000)))
        return ("XREAD", "COUNT", count, *block, "STREAMS", self._log, format_id(cursor))

    def _wait(self, timeout: float) -> Command:
        return ("BLMOVE", self._queue, self._wip, "RIGHT", "LEFT", timeout)


def _page_of_stream(streams: Any) -> Page:
    return _page(streams[0][1]) if streams else Page([], [])


def _page(entries: Any) -> Page:
    """Each entry is [id, [b"c", content]]."""
    return Page([entry[0] for entry in entries], [entry[1][1] for entry in entries])
