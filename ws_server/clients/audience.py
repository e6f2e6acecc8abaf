"""Which clients listen to which channels.

Those that listen to the same channels in the same format are one audience, and are sent the same
bytes. Nothing is encoded or sent here.
"""

from collections.abc import Sequence

from common.addressing import Addressing
from common.channels import WILD, subscriptions_to
from ws_server.clients.connection import Connection


class Audience:
    """Clients of one feed that listen to the same channels."""

    __slots__ = ("channels", "members")

    def __init__(self, wanted: frozenset[str]) -> None:
        self.channels = wanted
        self.members: dict[Connection, None] = {}


class Audiences:
    """The audiences of one feed. Clients that listen to no channel, which is usual, are in none."""

    def __init__(self) -> None:
        self._by_channels: dict[frozenset[str], Audience] = {}
        self._by_subscription: dict[str, dict[Audience, None]] = {}
        self._wildcards: dict[str, None] = {}  # Those among the subscriptions.

    def add(self, connection: Connection) -> None:
        """Count it among those who listen to its channels."""
        wanted = connection.channels
        if not wanted:
            return
        audience = self._by_channels.get(wanted)
        if audience is None:
            audience = self._by_channels[wanted] = Audience(wanted)
            self._listen(audience, wanted)
        connection.channels = audience.channels  # One set for all of them.
        audience.members[connection] = None

    def discard(self, connection: Connection) -> None:
        """The opposite; harmless if it is not there."""
        audience = self._by_channels.get(connection.channels)
        if audience is None:
            return
        audience.members.pop(connection, None)
        if not audience.members:
            del self._by_channels[audience.channels]
            self._listen_no_more(audience, audience.channels)

    def move(self, connection: Connection, wanted: frozenset[str]) -> None:
        """It listens to these channels from now on."""
        had = connection.channels
        audience = self._by_channels.get(had)
        is_alone = audience is not None and audience.members.keys() == {connection}
        if audience is None or not is_alone or not wanted or wanted in self._by_channels:
            self.discard(connection)
            connection.channels = wanted
            self.add(connection)
            return
        # Only what differs is touched: it may add many channels, one by one.
        del self._by_channels[had]
        self._by_channels[wanted] = audience
        audience.channels = connection.channels = wanted
        self._listen_no_more(audience, had - wanted)
        self._listen(audience, wanted - had)

    def _listen(self, audience: Audience, names: frozenset[str]) -> None:
        for name in names:
            self._by_subscription.setdefault(name, {})[audience] = None
            if name.endswith(WILD):
                self._wildcards[name] = None

    def _listen_no_more(self, audience: Audience, names: frozenset[str]) -> None:
        for name in names:
            listening = self._by_subscription[name]
            del listening[audience]
            if not listening:
                del self._by_subscription[name]
                self._wildcards.pop(name, None)

    def reached(self, addressing: Addressing) -> dict[Audience, Sequence[int] | None]:
        """The audiences that get more than what is for everybody.

        And the places of all that they get, if they come from one subscription. None: from several,
        or from what is for everybody, too; then `Addressing.places` says them.
        """
        listening, has_open = self._by_subscription, bool(addressing.open)
        found: dict[Audience, Sequence[int] | None] = {}
        for name, places in addressing.by_name.items():
            for audience in listening.get(name, ()):
                found[audience] = None if has_open or audience in found else places
        for wildcard, lists in self._matched(addressing).items() if self._wildcards else ():
            places = lists[0] if len(lists) == 1 else sorted(set[int]().union(*lists))
            for audience in listening[wildcard]:
                found[audience] = None if has_open or audience in found else places
        return found

    def _matched(self, addressing: Addressing) -> dict[str, list[list[int]]]:
        """What each wildcard brings, name by name. The shorter list of the two is walked."""
        wildcards, names = self._wildcards, addressing.dotted
        if len(wildcards) <= len(names):
            looked_up = ((wildcard, addressing.match(wildcard)) for wildcard in wildcards)
            return {wildcard: lists for wildcard, lists in looked_up if lists}
        found: dict[str, list[list[int]]] = {}
        for name in names:
            for each in subscriptions_to(name):
                if each in wildcards:
                    found.setdefault(each, []).append(addressing.by_name[name])
        return found

    def members(self, subscription: str) -> list[Connection]:
        """All clients that have this subscription."""
        audiences = self._by_subscription.get(subscription, ())
        return [connection for audience in audiences for connection in audience.members]
