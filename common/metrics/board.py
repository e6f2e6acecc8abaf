"""Where the workers of one master tell each other their snapshots: memory that they share.

The master makes it before it starts any worker, so nothing is left behind on a disk. Each worker
writes in a place of its own. When a worker is gone the master adds what it counted to what those
before it had counted, and its place is free: so no counter ever goes backwards. Nobody waits for
anybody. Whoever reads while somebody writes sees it, and reads again.
"""

import json
import logging
import mmap
import struct
import zlib
from dataclasses import dataclass

from common.metrics.numbers import Snapshot, counted, merged

log = logging.getLogger(__name__)

ROOM = 128 * 1024  # Bytes of a snapshot. What nobody writes takes no memory.
SPARE = 16  # Places besides those of the workers, and of as many that a reload has started.
HEAD = struct.Struct("<II")  # Length and CRC.
SIDE = HEAD.size + ROOM
PLACE = 8 + 2 * SIDE  # The first byte says which side holds: 0 none, 1 or 2.
TRIES = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What the worker with a number has told last."""

    worker: int
    snapshot: Snapshot


class Board:
    """For so many workers. `begin` and `end` are the master's; the others, of each worker."""

    def __init__(self, workers: int = 1) -> None:
        self._places = 1 + 2 * workers + SPARE
        self._memory = mmap.mmap(-1, self._places * PLACE)
        self._taken: dict[int, int] = {}  # The place of each worker. The first is of all dead ones.
        self._worker = self._place = 0  # Of this process, after the fork.
        self._is_told = False  # That it has no room.

    def begin(self, worker: int) -> None:
        """Give the worker that is started next a place, if one is free."""
        free = set(range(1, self._places)) - set(self._taken.values())
        self._worker, self._place = worker, min(free, default=0)
        if self._place:
            self._taken[worker] = self._place

    def end(self, worker: int) -> None:
        """A worker is gone."""
        place = self._taken.pop(worker, 0)
        told = self._read(place) if place else None
        if told is not None:
            before = self._read(0)
            known = [before.snapshot] if before else []
            # Whoever reads now leaves out the worker of this number, also where it still stands.
            self._write(0, Told(worker, merged([*known, counted(told.snapshot)])))
        if place:
            self._memory[place * PLACE] = 0

    def tell(self, snapshot: Snapshot) -> None:
        """Let the others know it."""
        if self._place:
            self._write(self._place, Told(self._worker, snapshot))

    def others(self) -> list[Snapshot]:
        """What all other workers have told, and those that are gone."""
        dead = self._read(0)
        for _ in range(TRIES):
            found = [self._read(place) for place in range(1, self._places) if place != self._place]
            before, dead = dead, self._read(0)
            if before == dead:
                break
        last = dead.worker if dead else 0
        alive = [each.snapshot for each in found if each and each.worker != last]
        return [*alive, counted(dead.snapshot)] if dead else alive

    def _write(self, place: int, told: Told) -> None:
        text = json.dumps([told.worker, told.snapshot], separators=(",", ":")).encode()
        if len(text) > ROOM:
            if not self._is_told:
                log.error("/metrics: %d bytes of numbers are too many, some are missing", len(text))
            self._is_told = True
            return
        start = place * PLACE
        # The side that does not hold: a worker killed in the middle of it leaves the other one.
        side = 2 if self._memory[start] == 1 else 1
        at = start + 8 + (side - 1) * SIDE
        HEAD.pack_into(self._memory, at, len(text), zlib.crc32(text))
        self._memory[at + HEAD.size : at + HEAD.size + len(text)] = text
        self._memory[start] = side

    def _read(self, place: int) -> Told | None:
        start = place * PLACE
        for _ in range(TRIES):
            side = self._memory[start]
            if not side:
                return None
            at = start + 8 + (side - 1) * SIDE
            length, crc = HEAD.unpack_from(self._memory, at)
            text = self._memory[at + HEAD.size : at + HEAD.size + min(length, ROOM)]
            if zlib.crc32(text) == crc:
                return Told(*json.loads(text))
        return None
