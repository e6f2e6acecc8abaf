"""Who is here: how many clients, and from which addresses; so whether there is room for one more.

All of them count from the moment they come, also while it is not known yet where they begin.
Nobody is closed here.
"""

from collections import Counter
from time import monotonic

from common.channels import MEMBERS
from ws_server.clients.connection import Connection
from ws_server.counts import RETURN_SECONDS, Counts
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen


class Census:
    """There is room for `most` clients, and for `most_per_address` of each address (0: for any)."""

    def __init__(self, counts: Counts, most: int, most_per_address: int) -> None:
        self._counts = counts
        self._most = most
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self._total = 0
        # Of each connection the channels in which it counts as a member, and as which.
        self._member_of: dict[Connection, dict[str, str]] = {}

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
        self.hold(listen.address)
        self._counts.joined(listen.grant.user, listen.channels)

    def hold(self, address: str) -> None:
        """One more, of whom nothing is known but its address, if that."""
        self._total += 1
        if address:
            self._by_address[address] += 1

    def let_go(self, address: str) -> None:
        """One less of those."""
        self._total -= 1
        if address:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def leave(self, connection: Connection) -> None:
        """One less."""
        counted = self._counted(connection, connection.channels)
        self._counts.left(connection.grant.user, counted)
        until = monotonic() + RETURN_SECONDS
        for name, who in self._member_of.pop(connection, {}).items():
            self._counts.member_gone(name, who, until)
        self.let_go(connection.address)

    def note_change(self, connection: Connection, had: frozenset[str]) -> None:
        """It listens to other channels than it had."""
        has = connection.channels  # Of many only what differs is looked at.
        gone, new = (self._counted(connection, each) for each in (had - has, has - had))
        self._counts.changed(connection.grant.user, gone, new)

    def note_user(self, connection: Connection, had: frozenset[str], was: Grant) -> None:
        """It had other channels, and perhaps no user, as somebody has signed in."""
        self._counts.left(was.user, self._counted(connection, had))
        self._counts.joined(connection.grant.user, self._counted(connection, connection.channels))

    def enter_as(self, connection: Connection, name: str, who: str, info: str) -> None:
        """It is a member of a channel, from before it listens to it."""
        self._member_of.setdefault(connection, {})[name] = who
        self._counts.member_joined(name, who, info)

    def leave_as(self, connection: Connection, name: str) -> None:
        """It is no member any more, and does not listen."""
        who = self._member_of.get(connection, {}).pop(name, None)
        if who is not None:
            self._counts.member_left(name, who)

    def _counted(self, connection: Connection, names: frozenset[str]) -> frozenset[str]:
        """Without those in which it counts as a member."""
        apart = self._member_of.get(connection) if self._member_of else None
        if not apart:
            return names
        return frozenset(name for name in names if name.removeprefix(MEMBERS) not in apart)
