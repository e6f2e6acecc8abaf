"""The log as it is at one moment, what a settle has done to it, and what a look has found in it.

No I/O here.
"""

from dataclasses import dataclass, field
from typing import Any

from common.errors import QueueUnavailable
from common.message import Mark, parse_id
from common.page import Page
from common.store.redis_words import known_words

NEARLY = 15 / 16  # Of HISTORY_BYTES: a log that forgets by it never has less.


@dataclass(frozen=True, slots=True)
class LogState:
    """The log as it is now.

    `epoch` changes when the log has lost messages; the newest id was `start` then. Whoever has
    every message up to `floor - 1` can be sent all the rest. `last` is the newest id.
    """

    epoch: str
    start: int = 0
    floor: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """What one settle did; `waiting` items are still queued, and `log` is the log after it.

    `reason` says why the first of the `rejected` could not be read. `problem` says which command
    of Redis failed, if one did: nothing is lost then, and what was `moved` is in the log.
    """

    moved: int
    rejected: int
    waiting: int
    log: LogState = field(default=LogState(""), compare=False)
    reason: str = field(default="", compare=False)
    problem: str = ""

    @classmethod
    def parse(cls, answer: Any) -> "Settled":
        """From what settle.lua answers."""
        moved, rejected, waiting, epoch, *ids, reason, problem = answer
        state = LogState(epoch.decode(), *map(parse_id, ids))
        command, _, error = problem.decode(errors="replace").partition(" ")
        failed = f"{command}: {known_words(error)}" if problem else ""
        return cls(moved, rejected, waiting, state, reason.decode(), failed)

    def failure(self) -> QueueUnavailable | None:
        """What failed besides what was done.

        Raises:
            QueueUnavailable: nothing was done, so it is of no use to go on at once.
        """
        if not self.problem:
            return None
        problem = QueueUnavailable(self.problem)
        if self.waiting and not self.moved and not self.rejected:
            raise problem
        return problem


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one look found in the log after one id: it went up to `upto`.

    `looked` messages are there, of so many `bytes`; `page` may have only some of them, of
    `page_bytes`. `is_whole`: none is missing, neither at the start nor at the end.
    """

    page: Page
    upto: int
    looked: int
    bytes: int
    page_bytes: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Retention:
    """How much the log keeps: about so many messages, for so many seconds, in so many bytes.

    What comes first counts. 0 bytes: any number. And for how long receipts are counted.
    """

    size: int
    seconds: int
    bytes: int = 0
    receipt_seconds: int = 3600

    def met_first(self, length: int, span: float, bytes_: int) -> tuple[str | None, bool]:
        """Which bound a log meets first, at the pace of what it has; and whether it is there yet.

        `span`: the seconds between its first and its last message.
        """
        shares = {  # Of each bound, how much is used.
            "HISTORY_SECONDS": span / self.seconds,
            "HISTORY_SIZE": length / self.size,
            # settle.lua forgets a thirty-second part at once.
            "HISTORY_BYTES": bytes_ / (self.bytes * NEARLY) if self.bytes else 0,
        }
        reached = [name for name, share in shares.items() if share >= 1]
        if reached:
            return reached[0], True
        if length < 2 or not span:
            return None, False
        return max(shares, key=shares.__getitem__), False


def is_epoch(stored: bytes | None, known: Mark) -> bool:
    """Whether the epoch of the log, as it is stored, is the one that is known."""
    return stored is not None and stored.startswith(f"{known.epoch} ".encode())


def is_held(after: int, floor: bytes | None) -> bool:
    """Whether the log has forgotten nothing that came after a message."""
    return floor is None or after >= parse_id(floor) - 1


def size_of(entries: Any) -> int:
    """Bytes of the fields of entries, as pick.lua counts them."""
    return sum(sum(map(len, fields)) for _, fields in entries)
