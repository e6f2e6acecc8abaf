"""The receipts of messages that are for everybody. No I/O here.

Numbers are kept for all of them together, so that the number of messages costs a client nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from common.receipt import Counted, Numbers
from ws_server.clients.columns import Column

TO, MISSED, CONFIRMED, BEHIND = range(4)  # The places of Numbers.


class ToAll:
    """In the order of their ids in the log."""

    def __init__(self) -> None:
        self._ats: list[int] = []
        self._ids: list[str] = []
        self._said: list[Numbers | None] = []
        self._columns = (Column(), Column(), Column())
        # From which place on something may have changed, and from which on somebody was behind.
        self._changed_from = self._behind_from = 0

    def __len__(self) -> int:
        return len(self._ats)

    def open(self, ids: Sequence[str], ats: Sequence[int], to: int) -> None:
        """Some more, each for so many clients."""
        self._changed_from = min(self._changed_from, len(self))
        self._ids += ids
        self._ats += ats
        self._said += [None] * len(ids)
        for column, number in zip(self._columns, (to, 0, 0), strict=True):
            column.append(number, len(ids))

    def add(self, kind: int, after: int, upto: int, number: int) -> None:
        """Count a client, or one less, of the messages after one id up to another."""
        start, end = self._places(after, upto)
        if start < end:
            self._columns[kind].add(start, end, number)
            self._changed_from = min(self._changed_from, start)

    def first(self, after: int, upto: int) -> int:
        """The id of the first message after one id and up to another; 0: there is none."""
        start, end = self._places(after, upto)
        return self._ats[start] if start < end else 0

    def forget_upto(self, at: int) -> None:
        """Those up to an id are not counted any more."""
        count = bisect_right(self._ats, at)
        for column in self._columns:
            column.drop(count)
        del self._ats[:count], self._ids[:count], self._said[:count]
        self._changed_from = max(0, self._changed_from - count)
        self._behind_from = max(0, self._behind_from - count)

    def take(self, behind: Iterable[tuple[int, int]], upto: int, *, is_cut: bool) -> list[Counted]:
        """What has changed of those up to an id, as it is now. It is taken to be told then.

        `behind`: for each client that is behind, the id after which and up to which it is.
        """
        stretches = [self._places(*each) for each in behind]
        was_from, self._behind_from = (
            self._behind_from,
            min((start for start, _ in stretches), default=len(self)),
        )
        first = 0 if is_cut else min(self._changed_from, was_from, self._behind_from)
        end = bisect_right(self._ats, upto)
        if first >= end:
            self._changed_from = first
            return []
        self._changed_from = end
        column = Column()
        column.append(0, len(self))
        for start, stop in stretches:
            column.add(start, stop, 1)
        return self._told(first, end, column, is_cut=is_cut)

    def _told(self, first: int, end: int, behind: Column, *, is_cut: bool) -> list[Counted]:
        found, numbers = list[Counted](), Numbers(-1, 0, 0, 0)
        values = zip(*(each.values(first) for each in (*self._columns, behind)), strict=True)
        for place, four in zip(range(first, end), values, strict=False):
            if four != numbers:
                numbers = Numbers(*four)
            if numbers != self._said[place] or is_cut:
                self._said[place] = numbers
                found.append(Counted(self._ids[place], self._ats[place], numbers, None, is_cut))
        return found

    def put_back(self, counted: Counted) -> None:
        """It was not told."""
        place = bisect_right(self._ats, counted.at) - 1
        if place >= 0 and self._ats[place] == counted.at:
            self._said[place] = None
            self._changed_from = min(self._changed_from, place)

    def _places(self, after: int, upto: int) -> tuple[int, int]:
        return bisect_right(self._ats, after), bisect_right(self._ats, upto)
