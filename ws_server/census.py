"""Who is here: how many clients, and from which addresses; so whether there is room for one more.

All of them count from the moment they come, also while it is not known yet where they begin.
Nobody is closed here.
"""

from collections import Counter

from ws_server.clients.connection import Connection
from ws_server.counts import Counts
from ws_server.door.listen import Listen


class Census:
    """There is room for `most` clients, and for `most_per_address` of each address (0: for any)."""

    def __init__(self, counts: Counts, most: int, most_per_address: int) -> None:
        self._counts = counts
        self._most = most
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    @property
    def is_full(self) -> bool:
        """Whether there is no room for anybody."""
        return self._total >= self._most

    def is_crowded(self, address: str) -> bool:
        """Whether there is no room for one more from this address."""
        most = self._most_per_address
        return bool(most and address and self._by_address[address] >= most)

    def enter(self, listen: Listen) -> None:
        """One more."""
        self._total += 1
        self._counts.joined(listen.grant.user, listen.channels)
        if listen.address:
            self._by_address[listen.address] += 1

    def leave(self, connection: Connection) -> None:
        """One less."""
        self._total -= 1
        self._counts.left(connection.grant.user, connection.channels)
        address = connection.address
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def note_change(self, connection: Connection, had: frozenset[str]) -> None:
        """It listens to other channels than it had."""
        self._counts.changed(connection.grant.user, had, connection.channels)
