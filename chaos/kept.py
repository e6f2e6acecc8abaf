"""What Valkey has kept: all that ever entered the queue and the log, in its order.

Its append-only file says so, as long as it is never rewritten: what is not in
there was lost by Valkey itself, and what is was for our processes to deliver.
"""

import json
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from chaos.content import label_of
from common.message import ENVELOPE_MARK

QUEUE = b"message_center"
LOG = b"{message_center}:log"
WIP = b"{message_center}:wip"
REJECTED = b"{message_center}:rejected"
UNREADABLE = "?unreadable"  # The label of an envelope that nobody can read.
FILES = "appendonlydir/*.incr.aof"
LOSES = 1.0  # Seconds of writing that a power failure takes away.


@dataclass(frozen=True, slots=True)
class Logged:
    """One message of the log: its Redis id as two numbers, and its label."""

    id: tuple[int, int]
    label: str


@dataclass(slots=True)
class Kept:
    """`queued` are labels in the order of LPUSH, `log` is the log with what it forgot since.

    The log was thrown away as a whole when it had `wiped` messages; `rejected` envelopes were
    set aside; labels of what was `evicted` were in the queue when that was thrown away.
    """

    queued: list[str] = field(default_factory=list)
    log: list[Logged] = field(default_factory=list)
    wiped: list[int] = field(default_factory=list)
    rejected: int = 0
    evicted: set[str] = field(default_factory=set)

    def add(self, words: list[bytes]) -> None:
        """One command of the file."""
        name, key = words[0].upper(), words[1] if len(words) > 1 else b""
        if name == b"LPUSH" and key == QUEUE:
            self.queued += map(_queued_label, words[2:])
        elif name in (b"LPUSH", b"RPUSH") and key == REJECTED:
            self.rejected += len(words) - 2
        elif name in (b"DEL", b"UNLINK"):
            self._throw_away(words[1:])
        elif name == b"XADD" and key == LOG:
            id_ = next(word for word in words[2:] if ID.fullmatch(word))
            milliseconds, _, sequence = id_.partition(b"-")
            content = words[words.index(id_) + 2]  # The name of the field is in between.
            self.log.append(Logged((int(milliseconds), int(sequence)), _label(content)))

    def _throw_away(self, keys: list[bytes]) -> None:
        if LOG in keys:
            self.wiped.append(len(self.log))
        if QUEUE in keys or WIP in keys:
            self.evicted |= set(self.queued) - {each.label for each in self.log}


ID = re.compile(rb"\d+-\d+")


class Unsynced:
    """Watches how the file grows, to take away again what was written last.

    That is what a power failure does with `appendfsync everysec`, and a kill -9 does not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: deque[tuple[float, int]] = deque()

    def watch(self, now: float) -> None:
        """Note its size; to be called all the time."""
        path = self._newest()
        if path is not None:
            self._sizes.append((now, path.stat().st_size))
        while self._sizes and self._sizes[0][0] < now - LOSES:
            self._sizes.popleft()

    def lose(self) -> None:
        """Take away what was written in the last second; its server must be dead."""
        path = self._newest()
        if path is not None and self._sizes:
            os.truncate(path, min(self._sizes[0][1], path.stat().st_size))
            self._sizes.clear()

    def _newest(self) -> Path | None:
        return max(self._folder.glob(FILES), key=_number, default=None)


def read_kept(folder: Path) -> Kept:
    """From the folder of a Valkey that is stopped."""
    kept = Kept()
    for path in sorted(folder.glob(FILES), key=_number):
        for words in commands(path.read_bytes()):
            kept.add(words)
    return kept


def commands(data: bytes) -> Iterator[list[bytes]]:
    """The commands of an append-only file; a last one that is not whole is left out."""
    at = 0
    while data[at : at + 1] == b"*":
        words = []
        count, at = _size(data, at)
        for _ in range(count):
            size, at = _size(data, at)
            words.append(data[at : at + size])
            at += size + 2
        if at > len(data):
            return
        yield words


def _size(data: bytes, at: int) -> tuple[int, int]:
    """The number after the mark at `at`, and where its line ends."""
    end = data.find(b"\r\n", at)
    if end < 0:
        return 0, len(data) + 1
    return int(data[at + 1 : end]), end + 2


def _queued_label(item: bytes) -> str:
    """Of what stands on the queue: bare, or in an envelope."""
    if not item.startswith(ENVELOPE_MARK):
        return _label(item)
    try:
        content: str = json.loads(item[1:])["content"]
    except ValueError:
        return UNREADABLE
    return label_of(content)


def _label(item: bytes) -> str:
    return label_of(item.decode(errors="replace"))


def _number(path: Path) -> int:
    return int(path.name.split(".")[-3])
