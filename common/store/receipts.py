"""Receipts in Redis: how many listeners have got a message, as each process has counted its own.

A settle begins a receipt (settle.lua), and says which processes run then. Each writes its own
numbers into it, and whose listeners are late. What belongs to a process that was killed stays as it
was said last: nobody knows more. Nothing is counted or decided here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.message import LARGEST_HALF, Mark, parse_id
from common.receipt import Counted, Numbers
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
        last, text = None, ""
        for each in counted:
            # Of many messages the numbers are the same.
            if each.numbers is not last or each.users or each.is_cut:
                last, text = None if each.users or each.is_cut else each.numbers, _text_of(each)
            words.append(f"{each.at >> 64}-{each.at & LARGEST_HALF} {text}\n{each.id}")
        self._write.run(self._keys, tuple(words), repeatable=True)


class RedisReceiptReader(ReceiptReader):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._read = Script(client, source("receipt_read.lua"))

    def read(self, id_: str) -> Known | None:
        keys = [self._keys.receipt(id_), self._keys.beats, self._keys.counting]
        now, pairs, processes = self._read.run(keys, (), repeatable=True)
        if not pairs:
            return None
        fields: dict[str, str] = _pairs(pairs)
        queued = int(fields["queued"]) if "queued" in fields else None
        if "at" not in fields:
            return Known(now, queued)
        said = [
            _said(fields.get(name.decode()), bool(runs), late.decode())
            for name, runs, late in zip(*[iter(processes)] * 3, strict=True)
        ]
        at = Mark(fields["epoch"], parse_id(fields["at"].encode()))
        to = tuple(fields["to"].split())
        return Known(now, queued, at, to, int(fields["until"]), said)


def _text_of(counted: Counted) -> str:
    to, missed, confirmed, behind = counted.numbers
    text = f"{to} {missed} {confirmed} {behind} {int(counted.is_cut)}"
    return f"{text} {_json(counted.users)}" if counted.users else text


def _said(text: str | None, is_running: bool, late: str) -> Said:
    numbers, users = None, {}
    if text is not None:
        # Its first word is the number of the write.
        words = text.split(" ", 6)
        numbers = Numbers(*map(int, words[1:5]))
        if len(words) > 6:
            users = {user: Numbers(*four) for user, four in json.loads(words[6]).items()}
        if words[5] == "1":
            return Said(numbers, users, is_running=False, has_left=False, late=[])
    has_left = late == LEFT
    rows = json.loads(late) if late and not has_left else []
    return Said(numbers, users, is_running, has_left, rows)


def _pairs(flat: Sequence[bytes]) -> dict[str, str]:
    return {
        name.decode(): value.decode() for name, value in zip(flat[::2], flat[1::2], strict=True)
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
