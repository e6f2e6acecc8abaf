"""Clients that left without having confirmed all that was written to them. No I/O here.

A stream of events has no other way to confirm something than to come back with the last id that it
has got. Nobody says that it is the same as one that left; so what comes back counts for one that
listened to the same, as the same user, and had been sent so much. Where several may be meant, the
one counts that brings the least: too few may be counted, never too many.
"""

from collections.abc import Iterable, Sequence

from ws_server.clients.connection import Connection

MOST, MOST_ALIKE = 10_000, 256

Range = tuple[int, int]  # After an id, and up to another.
Left = tuple[int, int, Sequence[Range]]  # Confirmed and written up to, and what it has skipped.


class Departed:
    """Those who left, the oldest of which are forgotten."""

    def __init__(self) -> None:
        self._left: dict[object, list[Left]] = {}
        self._count = 0

    def add(self, connection: Connection, written: int, skipped: Sequence[Range]) -> None:
        """An open client leaves."""
        form = connection.feed.format
        if form.is_websocket and not form.takes_commands:
            return  # It has never seen an id.
        alike = self._left.setdefault(_kind(connection), [])
        if len(alike) < MOST_ALIKE:
            alike.append((connection.confirmed, written, skipped))
            self._count += 1
        while self._count > MOST:
            self._count -= len(self._left.pop(next(iter(self._left))))

    def take(self, connection: Connection, upto: int) -> Iterable[Range]:
        """What is confirmed as a client comes back that has everything up to an id."""
        alike = self._left.get(_kind(connection), [])
        possible = [each for each in alike if each[0] <= upto <= each[1]]
        if not possible:
            return
        left = max(possible)
        alike.remove(left)
        self._count -= 1
        after, _, skipped = left
        for start, end in (*skipped, (upto, upto)):
            yield after, min(start, upto)
            after = max(after, end)


def _kind(connection: Connection) -> object:
    return connection.feed, connection.grant.user, connection.channels
