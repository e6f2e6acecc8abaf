"""The receipts of messages that are for everybody. No I/O here.

Numbers are kept for all of them together, so that the number of messages costs a client nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable

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
        self._has_changed = False

    def __len__(self) -> int:
        return len(self._ats)

    def open(self, id_: str, at: int, to: int) -> None:
        """One more, for so many clients."""
        self._ats.append(at)
        self._ids.append(id_)
        self._said.append(None)
        for column, number in zip(self._columns, (to, 0, 0), strict=True):
            column.append(number)
        self._has_changed = True

    def add(self, kind: int, after: int, upto: int, number: int) -> None:
        """Count a client, or one less, of the messages after one id up to another."""
        start, end = self._places(after, upto)
        if start < end:
            self._columns[kind].add(start, end, number)
            self._has_changed = True

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

    def take(self, behind: Iterable[tuple[int, int]], upto: int, *, is_cut: bool) -> list[Counted]:
        """What has changed of those up to an id, as it is now. It is taken to be told then.

        `behind`: for each client that is behind, the id after which and up to which it is.
        """
        stretches = [places for each in behind if (places := self._places(*each))]
        if not (self._has_changed or stretches or is_cut):
            return []
        column = Column()
        for _ in self._ats:
            column.append(0)
        for start, end in stretches:
            column.add(start, end, 1)
        # As long as somebody is behind, that may change without anything else.
        self._has_changed = bool(stretches)
        values = zip(*(each.values() for each in (*self._columns, column)), strict=True)
        end, found = bisect_right(self._ats, upto), []
        for place, four in enumerate(values):
            if place == end:
                self._has_changed = True
                break
            numbers = Numbers(*four)
            if numbers != self._said[place] or is_cut:
                self._said[place] = numbers
                at = self._ats[place]
                found.append(Counted(self._ids[place], at, numbers, is_cut=is_cut))
        return found

    def put_back(self, counted: Counted) -> None:
        """It was not told."""
        place = bisect_right(self._ats, counted.at) - 1
        if place >= 0 and self._ats[place] == counted.at:
            self._said[place] = None
            self._has_changed = True

    def _places(self, after: int, upto: int) -> tuple[int, int]:
        return bisect_right(self._ats, after), bisect_right(self._ats, upto)
