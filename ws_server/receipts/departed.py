"""Clients that left without having confirmed all that was written to them. No I/O here.

A stream of events has no other way to confirm something than to come back with the last id that it
has got. Nobody says that it is the same as one that left; so what comes back counts for one that
listened to the same, as the same user, and had been sent so much. Where several may be meant, the
one counts that brings the least: too few may be counted, never too many.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from ws_server.clients.connection import Connection

MOST, MOST_ALIKE = 10_000, 256

Range = tuple[int, int]  # After an id, and up to another.
Left = tuple[int, int, Sequence[Range]]  # Confirmed and written up to, and what it has skipped.


class Departed:
    """Those who left, the oldest of which are forgotten."""

    def __init__(self) -> None:
        self._left: dict[object, list[Left]] = {}
        # In the order in which they left; some of them have come back.
        self._order: deque[tuple[object, Left]] = deque()

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))

    def add(self, connection: Connection, written: int, skipped: Sequence[Range]) -> None:
        """An open client leaves."""
        if _knows_ids(connection):
            self._add(_kind(connection), (connection.confirmed, written, skipped))

    def _add(self, kind: object, left: Left) -> None:
        alike = self._left.setdefault(kind, [])
        if len(alike) < MOST_ALIKE:
            alike.append(left)
            self._order.append((kind, left))
        if len(self._order) > MOST:
            self._forget(*self._order.popleft())

    def confirm(self, connection: Connection, before: int, upto: int) -> bool:
        """One that was closed has confirmed more; False if that is counted, as it has come back."""
        if not _knows_ids(connection):
            return True  # It cannot come back.
        kind = _kind(connection)
        for left in self._left.get(kind, ()):
            if left[0] == before and upto <= left[1]:
                self._forget(kind, left)
                self._add(kind, (upto, *left[1:]))
                return True
        return False

    def take(self, connection: Connection, upto: int) -> Iterable[Range]:
        """What is confirmed as a client comes back that has everything up to an id."""
        kind = _kind(connection)
        possible = [each for each in self._left.get(kind, ()) if each[0] <= upto <= each[1]]
        if not possible:
            return
        left = max(possible)
        self._forget(kind, left)
        after, _, skipped = left
        for start, end in (*skipped, (upto, upto)):
            yield after, min(start, upto)
            after = max(after, end)

    def forget_upto(self, at: int) -> None:
        """Messages up to an id are not counted any more, nor is who has not been sent more."""
        while self._order and self._order[0][1][1] <= at:
            self._forget(*self._order.popleft())

    def _forget(self, kind: object, left: Left) -> None:
        """It is gone already if it has come back."""
        alike = self._left.get(kind, [])
        if left in alike:
            alike.remove(left)
        if not alike:
            self._left.pop(kind, None)


def _knows_ids(connection: Connection) -> bool:
    """A WebSocket in text has never seen one."""
    form = connection.feed.format
    return form.has_ids or not form.is_websocket


def _kind(connection: Connection) -> object:
    return connection.feed, connection.grant.user, connection.channels
