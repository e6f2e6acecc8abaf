"""Receipts in Redis: how many listeners have got a message, as each process has counted its own.

A settle notes where each message is (settle.lua), and which processes run then. Each writes its
own numbers, by stretches of the log, and whose listeners are late. What belongs to a process that
was killed stays as it was said last: nobody knows more. Nothing is counted or decided here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.message import LARGEST_HALF, Mark, parse_id
from common.receipt import Counted, Numbers, Run
from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

LEFT = "left"  # What a process says that ends by itself, in the place of those who are late.


@dataclass(frozen=True, slots=True)
class Said:
    """What a process has said. `numbers` is None as long as it has said nothing.

    `is_running`: it may say more. `has_left`: it has said everything. Neither: it was killed.
    """

    numbers: Numbers | None
    users: dict[str, Numbers]
    is_running: bool
    has_left: bool
    late: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Known:
    """A receipt. `at` is None as long as the message is queued. Times are milliseconds."""

    now: int
    queued: int | None = None
    at: Mark | None = None
    recipients: tuple[str, ...] = ()
    until: int = 0
    said: list[Said] = field(default_factory=list)


class ReceiptWriter(Protocol):
    """What one process writes. Its calls must not overlap.

    Raises:
        QueueUnavailable: by both, if Redis did not confirm it. To be written again then.
    """

    def write(self, counted: Sequence[Counted], late: Sequence[Mapping[str, Any]] | None) -> None:
        """Numbers as they are now; and all who are late, if that has changed (else None)."""

    def leave(self) -> None:
        """Nothing more will be said."""


class ReceiptReader(Protocol):
    """Where receipts are read.

    Raises:
        QueueUnavailable: Redis did not answer.
    """

    def read(self, id_: str) -> Known | None:
        """The receipt of what was pushed under an id; None: there is none."""


class RedisReceiptWriter(ReceiptWriter):
    """Writes as `process`, whose beats say that it runs; `seconds`: how long is counted."""

    def __init__(self, client: Client, key: str, process: str, seconds: int) -> None:
        keys = Keys(key)
        self._keys = [keys.receipts, keys.counting]
        self._process = process
        self._lasts = 2 * seconds * 1000
        self._write = Script(client, source("receipt_write.lua"))
        self._number = 0

    def write(self, counted: Sequence[Counted], late: Sequence[Mapping[str, Any]] | None) -> None:
        self._say("" if late is None else _json(list(late)), counted)

    def leave(self) -> None:
        self._say(LEFT)

    def _say(self, late: str, counted: Sequence[Counted] = ()) -> None:
        self._number += 1
        words: list[str | bytes | int] = [self._process, self._number, self._lasts, late]
        for each in counted:
            words += (each.stretch, _text_of(each))
        self._write.run(self._keys, tuple(words), repeatable=True)


class RedisReceiptReader(ReceiptReader):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._read = Script(client, source("receipt_read.lua"))

    def read(self, id_: str) -> Known | None:
        receipt, keys = self._keys.receipt(id_), self._keys
        names = [receipt, keys.asked, keys.beats, keys.counting]
        now, queued, place, pairs, processes = self._read.run(names, (id_,), repeatable=True)
        if not place:
            return Known(now, int(queued)) if queued else None
        fields = _pairs(pairs)
        where, *to = place.decode().split(" ")
        at = parse_id(where.encode())
        among = fields["among"].split()
        said = []
        for name, runs, late in zip(*[iter(processes)] * 3, strict=True):
            text = fields.get(name.decode())
            its = _said(text, at, is_running=bool(runs), late=late.decode())
            # Of a process that was not there yet the stretch may have numbers of later messages.
            if its.numbers is not None or name.decode() in among:
                said.append(its)
        mark = Mark(fields["epoch"], at)
        return Known(now, None, mark, tuple(to), int(fields["until"]), said)


def _text_of(counted: Counted) -> str:
    runs = ",".join(map(_text_of_run, counted.runs))
    text = f"{int(counted.is_cut)} {runs}"
    return f"{text} {_json(counted.users)}" if counted.users else text


def _text_of_run(run: Run) -> str:
    numbers = ":".join(map(str, run.numbers))
    return f"{run.first & LARGEST_HALF}-{run.last & LARGEST_HALF}:{numbers}"


def _said(text: str | None, at: int, *, is_running: bool, late: str) -> Said:
    numbers, users = None, {}
    if text is not None:
        # Its first word is the number of the write.
        words = text.split(" ", 3)
        numbers = _numbers_of(words[2], at & LARGEST_HALF)
        if len(words) > 3:
            users = {user: Numbers(*four) for user, four in json.loads(words[3]).items()}
        if words[1] == "1" and numbers is not None:
            return Said(numbers, users, is_running=False, has_left=False, late=[])
    has_left = late == LEFT
    rows = json.loads(late) if late and not has_left else []
    return Said(numbers, users, is_running, has_left, rows)


def _numbers_of(runs: str, place: int) -> Numbers | None:
    """What is said of one message of a stretch."""
    for run in runs.split(","):
        bounds, *numbers = run.split(":")
        first, last = bounds.split("-")
        if int(first) <= place <= int(last):
            return Numbers(*map(int, numbers))
    return None


def _pairs(flat: Sequence[bytes]) -> dict[str, str]:
    return {
        name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
