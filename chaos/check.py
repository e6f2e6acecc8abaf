"""Whether a reader has read the log from its start on: each message once, in the log's order.

What it lacks must lie in a gap that it was told of. A reader without ids cannot
resume: each of its connections is held to the log by itself. No I/O here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from chaos.records import Broken, Entry, Gap, Lost, Opened, Read, Record, Welcome
from chaos.truth import UNKNOWN, Truth, redis_id
from chaos.wrong import Wrong, clock

NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tally:
    """What came of one reader."""

    name: str
    figures: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)  # How its connections ended.
    wrong: list[Wrong] = field(default_factory=list)
    vanished: set[str] = field(default_factory=set)  # Read, and then lost by Valkey.


class Check:
    """Follows one ledger.

    `resumes` if the reader has ids to go on after; `leaves` if it does not stay until the end.
    """

    def __init__(
        self,
        name: str,
        truth: Truth,
        *,
        resumes: bool = True,
        leaves: bool = False,
        vanished: Collection[str] = NONE,
    ) -> None:
        self.tally = Tally(name)
        self._truth = truth
        self._resumes = resumes
        self._leaves = leaves
        self._vanished = vanished  # For a reader without ids: what others have seen vanish.
        self._at: int | None = None  # The place that must be read next.
        self._seen: set[int] = set()
        self._missing: dict[int, str] = {}  # Places that were passed over, and where.
        self._untold: str | None = None  # It has read what vanished, and was not told yet.
        self._is_anew = False  # It was told that it goes on at the beginning of another log.
        self._trail: list[str] = []  # What happened since the last message.
        self._before = "the start"
        self._last_id = "0-0"

    def follow(self, entries: Iterable[Entry]) -> Tally:
        """Take the whole ledger; what is wrong is in the tally."""
        for entry in entries:
            self._take(entry)
        if self._resumes and not self._leaves:
            self._end()
        self._tell_missing()
        return self.tally

    def _take(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, Read):
            self.tally.figures["read"] += 1
            self._read(record, entry.time)
            self._last_id = record.id or self._last_id
            self._before, self._trail = f"{record.label} at {clock(entry.time)}", []
        else:
            self._hear(record)
            self._trail.append(f"{clock(entry.time)} {_brief(record)}")

    def _hear(self, record: Record) -> None:
        """All but messages."""
        match record:
            case Opened():
                self.tally.figures["connections"] += 1
                self._open(record)
            case Welcome() if self._at is None:
                self._at = self._truth.after(record.id)
            case Gap():
                self.tally.figures["gaps"] += 1
                self._be_told(record)
                self._last_id = record.id
            case Lost():
                self.tally.ends[record.why] += 1
            case Broken():
                self._wrong("broken", "a stream", record.what)

    def _open(self, opened: Opened) -> None:
        if not self._resumes:
            self._begin_anew()
        elif self._at is None and opened.last_id:
            # It has come with an id of somebody else's: whatever it is told, it is owed the rest.
            self._at = self._truth.after(opened.last_id)
            self._last_id = opened.last_id

    def _read(self, read: Read, time: float) -> None:
        if read.label not in self._truth.tried:
            self._wrong("never pushed", read.label, self._where())
            return
        place = self._truth.of_id(read.id) if read.id else self._truth.of_label(read.label)
        if place == UNKNOWN:
            self._vanish(read, time)
        elif self._truth.log[place].label != read.label:
            self._wrong("changed", read.label, f"{read.id} is {self._truth.log[place].label}")
        elif read.id or read.label not in self._vanished:
            self._step(place, read)

    def _vanish(self, read: Read, time: float) -> None:
        """The log does not have it: right only if Valkey was killed right after."""
        if not self._truth.may_have_lost(time):
            self._wrong("not in the log", read.label, self._where())
        self.tally.vanished.add(read.label)
        self.tally.figures["vanished"] += 1
        self._untold = read.label

    def _step(self, place: int, read: Read) -> None:
        if self._untold is not None and read.id:
            self._wrong("loss not told", self._untold, f"before {read.label}; {self._where()}")
            self._untold = None
        expected = place if self._at is None else self._at
        if place in self._seen:
            self._wrong("doubled", read.label, self._where())
        elif place < expected:
            self._missing.pop(place, None)
            self._wrong("out of order", read.label, self._where())
        else:
            # Nobody is told in text of a log that is gone (see docs/reliability.md).
            is_excused = self._is_anew or not self._resumes
            start = max(expected, self._truth.wiped_before(place)) if is_excused else expected
            if start > expected:
                self.tally.figures["inside gaps"] += start - expected
            self._pass_over(start, place, f"{self._where()}; then {read.label}")
            self._at = place + 1
            self._is_anew = False
        self._seen.add(place)

    def _pass_over(self, start: int, end: int, where: str) -> None:
        for place in range(start, end):
            if self._truth.log[place].label not in self._vanished:
                self._missing[place] = where

    def _be_told(self, gap: Gap) -> None:
        end = self._truth.after(gap.id)
        if gap.after and not self._has_come_to(gap.after):
            self._wrong(
                "gap misplaced", gap.after, f"it has come to {self._last_id}; {self._where()}"
            )
        if self._at is not None:
            self.tally.figures["inside gaps"] += max(0, end - self._at)
        # It does not lead on: what it tells of is all that was left of a former log.
        self._is_anew = redis_id(gap.id) <= redis_id(self._last_id)
        self._at = max(self._at or 0, end)
        self._untold = None

    def _has_come_to(self, id_: str) -> bool:
        """Whether that is its last id, or means the same."""
        return redis_id(id_) == redis_id(self._last_id) or self._truth.after(id_) == self._at

    def _begin_anew(self) -> None:
        self._at = self._untold = None
        self._seen.clear()

    def _end(self) -> None:
        if self._at is None:
            self._wrong("missing", "everything", "it was never welcomed")
        else:
            self._pass_over(self._at, self._truth.end, f"{self._where()}; then nothing")

    def _tell_missing(self) -> None:
        for place, where in self._missing.items():
            label = self._truth.log[place].label
            time = self._truth.acknowledged.get(label)
            pushed = f"acknowledged at {clock(time)}" if time else "not acknowledged"
            self._wrong("missing", label, f"place {place}, {pushed}; {where}")

    def _wrong(self, what: str, label: str, where: str) -> None:
        self.tally.figures[what] += 1
        self.tally.wrong.append(Wrong(what, label, self.tally.name, where))

    def _where(self) -> str:
        return "; ".join([f"after {self._before}", *self._trail[-6:]])


def check_all(
    ledgers: Iterable[tuple[str, Iterable[Entry]]], truth: Truth, without_ids: str
) -> Iterator[Tally]:
    """Every reader by its name; those with `without_ids` in their name come last."""
    held: list[tuple[str, Iterable[Entry]]] = []
    vanished: set[str] = set()
    for name, entries in ledgers:
        if without_ids in name:
            held.append((name, entries))
            continue
        tally = Check(name, truth).follow(entries)
        vanished |= tally.vanished
        yield tally
    for name, entries in held:
        yield Check(name, truth, resumes=False, vanished=vanished).follow(entries)


def _brief(record: Record) -> str:
    match record:
        case Opened(port, last_id):
            return f"open {port} after {last_id or 'nothing'}"
        case Welcome(id_, complete):
            return f"welcome {id_}{'' if complete else ' (not complete)'}"
        case Gap(id_, after, reason):
            return f"gap from {after or 'nothing'} to {id_} ({reason})"
        case Lost(why):
            return f"lost ({why})"
        case _:
            return record.kind
