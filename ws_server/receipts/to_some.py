"""The receipts of messages that are for some channels and users. No I/O here.

Each has numbers of its own, and is found by what clients listen to: so nobody pays for what is for
others.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter

from common.channels import USER, subscriptions_to
from common.message import format_id
from common.receipt import Counted, Numbers, Run
from ws_server.clients.connection import Connection
from ws_server.receipts.to_all import BEHIND, TO

MOST_NAMES = 100_000  # Of all messages together: 20 MB.

_at = attrgetter("at")


class Receipt:
    """Of one message. `users` are numbers by user, of those whom the message names."""

    __slots__ = ("_said", "at", "counts", "has_changed", "subscriptions", "users")

    def __init__(self, at: int, names: Sequence[str]) -> None:
        self.at = at
        self.subscriptions = {each for name in names for each in subscriptions_to(name)}
        users = [name.removeprefix(USER) for name in names if name.startswith(USER)]
        self.users: dict[str, list[int]] = {user: [0] * 4 for user in users}
        self.counts = [0] * 4
        self.has_changed = True
        self._said: Counted | None = None

    @property
    def name(self) -> str:
        """Its id in the log."""
        return format_id(self.at).decode()

    def add(self, kind: int, connection: Connection, number: int) -> None:
        """Count a client to whom it goes."""
        self.counts[kind] += number
        of_user = self.users.get(connection.grant.user or "")
        if of_user is not None:
            of_user[kind] += number
        self.has_changed = True

    def begin_count_of_behind(self) -> None:
        """Whoever is behind now is counted anew."""
        self.counts[BEHIND] = 0
        for four in self.users.values():
            four[BEHIND] = 0
        self.has_changed = True

    def take(self, *, is_cut: bool) -> Counted | None:
        """As it is now, if that was not told; it is taken to be told then."""
        users = {user: Numbers(*four) for user, four in self.users.items() if any(four)}
        runs = [Run(self.at, self.at, Numbers(*self.counts))]
        now = Counted(self.name, runs, users or None, is_cut=is_cut)
        self.has_changed = False
        if now == self._said:
            return None
        self._said = now
        return now

    def put_back(self) -> None:
        """It was not told."""
        self._said, self.has_changed = None, True


class ToSome:
    """In the order of their ids in the log."""

    def __init__(self) -> None:
        self.all: list[Receipt] = []
        self._names = 0
        self._by_subscription: dict[str, list[Receipt]] = {}
        # What clients listened to up to an id, if they listen to something else now.
        self._former: dict[Connection, list[tuple[int, frozenset[str]]]] = {}
        self._behind: list[Receipt] = []  # That were so at the last look.

    @property
    def is_full(self) -> bool:
        """Whether the messages have too many recipients, all together."""
        return self._names > MOST_NAMES

    def open(self, receipt: Receipt) -> None:
        """One more."""
        self.all.append(receipt)
        self._names += len(receipt.subscriptions)
        for each in receipt.subscriptions:
            self._by_subscription.setdefault(each, []).append(receipt)

    def add(self, kind: int, connection: Connection, after: int, upto: int, number: int) -> None:
        """Count a client, or one less, of what is for it after one id up to another."""
        for receipt in self.of(connection, after, upto):
            receipt.add(kind, connection, number)

    def of(self, connection: Connection, after: int, upto: int) -> Iterator[Receipt]:
        """Those that are for a client, after one id up to another."""
        for end, channels in self._former.get(connection, ()):
            if after < end:
                yield from self._of_channels(channels, after, min(end, upto))
                after = end
        yield from self._of_channels(connection.channels, after, upto)

    def _of_channels(self, channels: frozenset[str], after: int, upto: int) -> Iterable[Receipt]:
        if not self.all or after >= upto:
            return ()
        lists = [self._by_subscription[each] for each in channels if each in self._by_subscription]
        parts = [_between(each, after, upto) for each in lists]
        # One that comes by two subscriptions comes once.
        return (
            parts[0] if len(parts) == 1 else dict.fromkeys(each for part in parts for each in part)
        )

    def change(self, connection: Connection, at: int, last: int, wanted: frozenset[str]) -> None:
        """After an id, a client listens to something else, also of what came up to the last."""
        had = connection.channels
        if any(self._of_channels(had | wanted, connection.confirmed, at)):
            self._former.setdefault(connection, []).append((at, had))
        for channels, number in ((had, -1), (wanted, 1)):
            for receipt in self._of_channels(channels, at, last):
                receipt.add(TO, connection, number)

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._former.pop(connection, None)

    def forget_upto(self, at: int) -> None:
        """Those up to an id are not counted any more."""
        count = bisect_right(self.all, at, key=_at)
        if not count:
            return
        for name in {each for receipt in self.all[:count] for each in receipt.subscriptions}:
            left = self._by_subscription[name]
            del left[: bisect_right(left, at, key=_at)]
            if not left:
                del self._by_subscription[name]
        self._names -= sum(len(receipt.subscriptions) for receipt in self.all[:count])
        del self.all[:count]
        for connection, former in list(self._former.items()):
            former[:] = [each for each in former if each[0] > at]
            if not former:
                del self._former[connection]

    def take(
        self,
        behind: Iterable[tuple[Connection, int]],
        upto: int,
        unwritten: Iterable[tuple[Connection, Receipt]] = (),
        *,
        is_cut: bool,
    ) -> list[Counted]:
        """What has changed of those up to an id, as it is now. It is taken to be told then.

        `behind`: clients that are behind, and after which id. `unwritten`: what waited for some.
        """
        for receipt in self._behind:
            receipt.begin_count_of_behind()
        reached: dict[Receipt, None] = {}
        after_place = ((each, r) for each, after in behind for r in self.of(each, after, upto))
        for connection, receipt in chain(after_place, unwritten):
            receipt.add(BEHIND, connection, 1)
            reached[receipt] = None
        self._behind = list(reached)
        return [
            counted
            for receipt in self.all[: bisect_right(self.all, upto, key=_at)]
            if (receipt.has_changed or is_cut) and (counted := receipt.take(is_cut=is_cut))
        ]

    def put_back(self, counted: Counted) -> None:
        """It was not told."""
        at = counted.runs[0].first
        place = bisect_right(self.all, at, key=_at) - 1
        if place >= 0 and self.all[place].at == at:
            self.all[place].put_back()


def _between(receipts: Sequence[Receipt], after: int, upto: int) -> Sequence[Receipt]:
    start = bisect_right(receipts, after, key=_at)
    return receipts[start : bisect_right(receipts, upto, key=_at)]
