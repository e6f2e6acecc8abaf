"""Who is here: how many, from which addresses, and as whom.

Whoever has arrived counts, also while it still waits for its start. It closes nobody.
"""

from collections import Counter

from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen
from ws_server.presence import Presence


class Census:
    """At most `most` clients, and `most_per_address` from each address (0: any number)."""

    def __init__(self, presence: Presence, most: int, most_per_address: int) -> None:
        self._presence = presence
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
        self._presence.joined(listen.grant.user, listen.channels)
        if listen.address:
            self._by_address[listen.address] += 1

    def leave(self, connection: Connection) -> None:
        """One less."""
        self._total -= 1
        self._presence.left(connection.grant.user, connection.channels)
        address = connection.address
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def note_change(self, connection: Connection, had: frozenset[str]) -> None:
        """It listens to other channels than it had."""
        self._presence.changed(connection.grant.user, had, connection.channels)
