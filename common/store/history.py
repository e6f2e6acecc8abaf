"""The log, for who only looks at it: from any id on, forwards or backwards, and nothing is moved.

Listeners read it by way of `common.store.log`. This can settle nothing, and notices no loss for
others. What an id means to whoever asks is decided in `http_api.watching.history`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from common.message import format_id, parse_id
from common.page import Page
from common.store.connect import Client
from common.store.keys import Keys
from common.store.line import Line
from common.store.script import source

LOOKED, LOOKED_BYTES = 400, 256 * 1024  # Of one look: it takes 1 ms of Redis' time.
HANDFUL = 16  # Read at once by who waits, however long they are: more if many short ones come.


@dataclass(frozen=True, slots=True)
class Look:
    """Some messages that follow each other, and the log as it was then.

    `epoch` is empty if nothing has ever entered the log; the newest id was `start` when it began.
    The log has everything from `floor` on, and its newest id is `newest`. `is_end`: there are no
    more in this direction. `is_whole` and `has`: whether everything after the id is there, and the
    message with the id itself; only known when looking forwards.
    """

    page: Page
    is_end: bool
    epoch: str
    start: int
    floor: int
    newest: int
    is_whole: bool = True
    has: bool = False


class History(Protocol):
    """The log.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not answer.
    """

    def after(self, id_: int, most: int) -> Look:
        """Up to `most` messages after an id, the oldest first."""

    def before(self, id_: int | None, most: int) -> Look:
        """Up to `most` messages before an id, the newest first; None: the newest of all."""

    def wait(self, id_: int, seconds: float) -> Look:
        """Some messages after an id; waits for the first one. One round trip.

        `newest` is of what was read. It is surely whole only if the log `has` the id even then.
        """


class RedisHistory(History):
    """A stream in Redis.

    One connection for looks, so that nobody who pushes waits for them, and one for who waits.
    """

    def __init__(self, client: Client, key: str) -> None:
        self._keys = keys = Keys(key)
        self._look = ("EVAL", source("history.lua"), 3, keys.log, keys.floor, keys.epoch)
        self._whole = ("EVAL", source("whole.lua"), 3, keys.log, keys.floor, keys.first)
        self._line = Line(client, repeatable=True)
        self._waiting = Line(client, repeatable=True)
        self._room = HANDFUL

    def after(self, id_: int, most: int) -> Look:
        look = (*self._look, "after", format_id(id_), min(most, LOOKED), LOOKED_BYTES)
        whole = (*self._whole, format_id(id_), format_id(id_ + 1))
        # Asked last: if nothing is missing even then, nothing was when it was read.
        answer, (is_whole, has) = self._line.call(look, whole)
        return _look(answer, is_whole=bool(is_whole), has=bool(has))

    def before(self, id_: int | None, most: int) -> Look:
        start = "" if id_ is None else format_id(id_)
        (answer,) = self._line.call((*self._look, "before", start, min(most, LOOKED), LOOKED_BYTES))
        return _look(answer)

    def wait(self, id_: int, seconds: float) -> Look:
        keys, at, room = self._keys, format_id(id_), self._room
        block = ("BLOCK", max(1, round(seconds * 1000)))
        # The others are asked last: they say whether what was read follows the id even then.
        streams, epoch, floor, has = self._waiting.call(
            ("XREAD", "COUNT", room, *block, "STREAMS", keys.log, at),
            ("GET", keys.epoch),
            ("GET", keys.floor),
            ("XRANGE", keys.log, at, at, "COUNT", 1),
        )
        entries = streams[0][1] if streams else []
        newest = entries[-1][0] if entries else at
        answer = (epoch or b"", floor, newest, len(entries) < room, entries)
        look = _look(answer, has=bool(has))
        self._room = _room_after(look.page, room)
        return look


def _room_after(page: Page, room: int) -> int:
    """How many may be read next, if they are about as long as these."""
    fitting = LOOKED_BYTES * len(page.ids) // max(1, sum(page.sizes))
    most = room if len(page.ids) < room else 2 * room
    return max(HANDFUL, min(most, fitting, LOOKED))


def _look(answer: Any, *, is_whole: bool = True, has: bool = False) -> Look:
    words, floor, newest, is_end, entries = answer
    epoch, _, start = words.decode().partition(" ")
    return Look(
        page=Page.of_entries(entries),
        is_end=bool(is_end),
        epoch=epoch,
        start=parse_id(start.encode()) if start else 0,
        floor=parse_id(floor) if floor else 0,
        newest=parse_id(newest),
        is_whole=is_whole,
        has=has,
    )
