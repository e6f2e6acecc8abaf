"""The receipts of messages that are for everybody. No I/O here.

Those that come together have the same numbers, until a client has got only some of them. So they
are counted in parts, of which each has one place in the columns; only where a client stands within
one, it is split. The number of messages costs a client nothing, and a message costs nearly nothing.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby

from common.message import parse_id
from common.receipt import Counted, Numbers, Run, end_of_stretch, stretch_of
from ws_server.receipts.columns import Column

TO, MISSED, CONFIRMED, BEHIND = range(4)  # The places of Numbers.


class Part:
    """Messages of one stretch with the same numbers, in their order; `said`: as was told last."""

    __slots__ = ("first", "ids", "last", "said", "stretch")

    def __init__(self, ids: Sequence[bytes], stretch: str, said: Numbers | None = None) -> None:
        self.ids = ids
        self.first, self.last = parse_id(ids[0]), parse_id(ids[-1])
        self.stretch = stretch
        self.said = said


class ToAll:
    """In the order of their ids in the log."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._lasts: list[int] = []  # The last id of each.
        self.count = 0  # Of the messages.
        self._columns = (Column(), Column(), Column())
        # What is yet to be added there: of many clients it is the same.
        self._added: dict[tuple[int, int, int], int] = {}
        # From which part on something may have changed, and from which on somebody was behind.
        self._changed_from = self._behind_from = 0

    def open(self, ids: Sequence[bytes], to: int) -> None:
        """Some more messages, each for so many clients."""
        self._add_all()
        self._changed_from = min(self._changed_from, len(self._parts))
        self.count += len(ids)
        while ids:
            first = parse_id(ids[0])
            size = bisect_left(ids, end_of_stretch(first), key=parse_id)
            self._parts.append(Part(ids[:size], stretch_of(first)))
            self._lasts.append(self._parts[-1].last)
            for column, number in zip(self._columns, (to, 0, 0), strict=True):
                column.append(number)
            ids = ids[size:]

    def add(self, kind: int, after: int, upto: int, number: int) -> None:
        """Count a client, or one less, of the messages after one id up to another."""
        if self.count:
            stretch = kind, after, upto
            self._added[stretch] = self._added.get(stretch, 0) + number

    def _add_all(self) -> None:
        if not self._added:
            return
        for (kind, after, upto), number in self._added.items():
            start, end = self._split(after), self._split(upto)
            if start < end:
                self._columns[kind].add(start, end, number)
                self._changed_from = min(self._changed_from, start)
        self._added.clear()

    def first(self, after: int, upto: int) -> int:
        """The id of the first message after one id and up to another; 0: there is none."""
        place = bisect_right(self._lasts, after)
        if place == len(self._parts):
            return 0
        ids = self._parts[place].ids
        at = parse_id(ids[bisect_right(ids, after, key=parse_id)])
        return at if at <= upto else 0

    def forget_upto(self, at: int) -> None:
        """Those up to an id are not counted any more, but for those of a stretch that goes on."""
        self._add_all()
        parts = self._parts
        end = bisect_right(self._lasts, at)
        while 0 < end < len(parts) and parts[end - 1].stretch == parts[end].stretch:
            end -= 1
        for column in self._columns:
            column.drop(end)
        self.count -= sum(len(part.ids) for part in parts[:end])
        del parts[:end], self._lasts[:end]
        self._changed_from = max(0, self._changed_from - end)
        self._behind_from = max(0, self._behind_from - end)

    def take(self, behind: Sequence[tuple[int, int]], upto: int, *, is_cut: bool) -> list[Counted]:
        """The stretches in which something has changed, as it is now, up to an id.

        It is taken to be told then. `behind`: for each client that is behind, the id after which
        and up to which it is.
        """
        self._add_all()
        for each in behind:
            self._split(each[0]), self._split(each[1])
        was_from, spans = self._behind_from, [tuple(map(self._split, each)) for each in behind]
        self._behind_from = min((start for start, _ in spans), default=len(self._parts))
        first = 0 if is_cut else min(self._changed_from, was_from, self._behind_from)
        end = bisect_right(self._lasts, upto)
        self._changed_from = max(first, end)
        if first >= end:
            self._changed_from = first
            return []
        column = Column()
        column.append(0, len(self._parts))
        for start, stop in spans:
            column.add(start, stop, 1)
        while first and self._parts[first - 1].stretch == self._parts[first].stretch:
            first -= 1  # A stretch is told of as a whole.
        return list(self._told(first, end, column, is_cut=is_cut))

    def _told(self, first: int, end: int, behind: Column, *, is_cut: bool) -> Iterable[Counted]:
        values = zip(*(each.values(first) for each in (*self._columns, behind)), strict=True)
        rows = zip(self._parts[first:end], map(Numbers._make, values), strict=False)
        for stretch, some in groupby(rows, key=lambda row: row[0].stretch):
            pairs = list(some)
            if is_cut or any(part.said != numbers for part, numbers in pairs):
                yield Counted(stretch, _runs_of(pairs), None, is_cut)
            for part, numbers in pairs:
                part.said = numbers

    def put_back(self, counted: Counted) -> None:
        """It was not told."""
        start = bisect_left(self._lasts, counted.runs[0].first)
        for place in range(start, bisect_right(self._lasts, counted.runs[-1].last)):
            self._parts[place].said = None
            self._changed_from = min(self._changed_from, place)

    def _split(self, after: int) -> int:
        """The place of the first part that comes after an id; one around it becomes two."""
        place = bisect_right(self._lasts, after)
        if place == len(self._parts) or after < self._parts[place].first:
            return place
        part = self._parts[place]
        at = bisect_right(part.ids, after, key=parse_id)
        both = [Part(ids, part.stretch, part.said) for ids in (part.ids[:at], part.ids[at:])]
        self._parts[place : place + 1] = both
        self._lasts.insert(place, both[0].last)
        for column in self._columns:
            column.repeat(place)
        self._changed_from += self._changed_from > place
        self._behind_from += self._behind_from > place
        return place + 1


def _runs_of(pairs: Iterable[tuple[Part, Numbers]]) -> list[Run]:
    """Parts with their numbers; those with the same become one."""
    runs = []
    for numbers, some in groupby(pairs, key=lambda pair: pair[1]):
        parts = [part for part, _ in some]
        runs.append(Run(parts[0].first, parts[-1].last, numbers))
    return runs
