"""What is counted of messages whose receipts are asked for, against a naive model.

Clients come, come back, listen to something else, fall behind, catch up, miss something, confirm
and leave, in any order. The model knows of each client and each message what has become of it.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from common.channels import reaches
from common.receipt import Numbers
from tests.support.receipts import Hall

RECIPIENTS: list[tuple[str, ...]] = [
    (),
    (),
    ("a",),
    ("b.c", "a"),
    ("user:1",),
    ("user:1", "user:2"),
]
listening = st.sampled_from([(), ("a",), ("b.*",), ("a", "b.*")]).map(frozenset)
users = st.sampled_from([None, "1", "2"])
forms = st.sampled_from(["text", "json", "json-events"])
picks = st.integers(0, 1000)


@dataclass
class Fate:
    """Of one message at one client."""

    user: str | None
    missed: bool = False
    confirmed: bool = False


@dataclass
class One:
    """A client in the model: what it listens to, and where it is."""

    connection: Any
    user: str | None
    channels: frozenset[str]
    written: int
    confirmed: int
    fates: dict[int, Fate] = field(default_factory=dict)  # By the number of the message.


class Receipts(RuleBasedStateMachine):
    """The number of a message is its place in the log."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.names: list[tuple[str, ...]] = []
        self.clients: list[One] = []
        self.gone: list[One] = []

    def is_for(self, one: One, number: int) -> bool:
        names = self.names[number - 1]
        return not names or any(reaches(name, one.channels) for name in names)

    @property
    def head(self) -> int:
        return len(self.names)

    @rule(names=st.lists(st.sampled_from(RECIPIENTS), min_size=1, max_size=3), behind=picks)
    def publish(self, names: list[tuple[str, ...]], behind: int) -> None:
        first = self.head + 1
        self.names += names
        self.hall.publish(first, names)
        for place, one in enumerate(self.clients):
            for number in range(first, self.head + 1):
                if self.is_for(one, number):
                    one.fates[number] = Fate(one.user)
            is_behind = one.written < first - 1 or behind >> place & 1
            if not is_behind:
                one.written = self.head
            self.hall.place(one.connection, one.written)

    @rule(channels=listening, user=users, back=st.integers(0, 4), form=forms)
    def join(self, channels: frozenset[str], user: str | None, back: int, form: str) -> None:
        cursor = max(0, self.head - back)
        if user is not None:
            channels |= {f"user:{user}"}
        connection = self.hall.join(cursor, channels, user, form)
        one = One(connection, user, channels, cursor, cursor)
        self.clients.append(one)
        for number in range(cursor + 1, self.head + 1):
            if self.is_for(one, number):
                one.fates[number] = Fate(user)

    @rule(pick=picks, more=st.integers(1, 4))
    def catch_up(self, pick: int, more: int) -> None:
        if self.clients:
            one = self.clients[pick % len(self.clients)]
            one.written = min(self.head, one.written + more)
            self.hall.place(one.connection, one.written)

    @rule(pick=picks, more=st.integers(1, 4))
    def confirm(self, pick: int, more: int) -> None:
        if not self.clients:
            return
        one = self.clients[pick % len(self.clients)]
        upto = min(one.written, one.confirmed + more)
        for number, fate in one.fates.items():
            if one.confirmed < number <= upto and not fate.missed:
                fate.confirmed = True
        self.hall.confirm(one.connection, upto)
        one.confirmed = upto

    @rule(pick=picks, more=st.integers(1, 4))
    def skip(self, pick: int, more: int) -> None:
        """It is told of a gap."""
        if not self.clients:
            return
        one = self.clients[pick % len(self.clients)]
        upto = min(self.head, one.written + more)
        if upto == one.written:
            return
        for number, fate in one.fates.items():
            if one.written < number <= upto:
                fate.missed = True
        self.hall.skip(one.connection, upto)
        one.written = upto

    @rule(pick=picks, channels=listening)
    def subscribe(self, pick: int, channels: frozenset[str]) -> None:
        if not self.clients:
            return
        one = self.clients[pick % len(self.clients)]
        if one.user is not None:
            channels |= {f"user:{one.user}"}
        self.hall.subscribe(one.connection, channels)
        one.channels = channels
        for number in range(one.written + 1, self.head + 1):
            one.fates.pop(number, None)
            if self.is_for(one, number):
                one.fates[number] = Fate(one.user)

    @rule(pick=picks)
    def leave(self, pick: int) -> None:
        if not self.clients:
            return
        one = self.clients.pop(pick % len(self.clients))
        for number, fate in one.fates.items():
            fate.missed |= number > one.written
        self.hall.leave(one.connection)
        self.gone.append(one)

    @rule()
    def tell(self) -> None:
        """What is told is everything that has changed."""
        self.hall.tell()

    @rule()
    def fail_to_tell(self) -> None:
        self.hall.tell(fails=True)

    def teardown(self) -> None:
        self.hall.close()

    @invariant()
    def told_is_true(self) -> None:
        self.hall.tell()
        told = self.hall.told
        assert len(told) == self.head
        for number, names in enumerate(self.names, start=1):
            counted = told[number]
            assert counted.numbers == self._numbers(number, None), (number, names)
            named = [name.removeprefix("user:") for name in names if name.startswith("user:")]
            by_user = {user: self._numbers(number, user) for user in named}
            assert dict(counted.users or {}) == {u: n for u, n in by_user.items() if any(n)}

    def _numbers(self, number: int, user: str | None) -> Numbers:
        here = [
            (one, fate)
            for one in (*self.clients, *self.gone)
            if (fate := one.fates.get(number)) and user in (None, fate.user)
        ]
        behind = sum(one in self.clients and number > one.written for one, _ in here)
        return Numbers(
            len(here),
            sum(fate.missed for _, fate in here),
            sum(fate.confirmed for _, fate in here),
            behind,
        )


TestReceipts = Receipts.TestCase
