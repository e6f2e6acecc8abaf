"""Presence for tests: stores that fail, what a real one holds, and crowds that come and go."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import redis
from hypothesis import strategies as st

from common.errors import QueueUnavailable
from common.store.presence import Changes, PresenceWriter
from ws_server.presence import RENEW, Presence

USERS = ("42", "7", "a@b.c")
CHANNELS = ("orders", "orders.*", "user:42", "user:7")


class FakePresenceWriter(PresenceWriter):
    """What a process has written, in memory, and what counts of it.

    Of `faults`, each call takes one: with False it is refused, with True it is done and its
    answer is lost. Unrealistic: no time passes; a lease ends when a test calls `expire`.
    """

    def __init__(self) -> None:
        self.users: dict[str, int] = {}
        self.channels: dict[str, dict[str, int]] = {}
        self.totals: dict[str, int] = {}
        self.faults: deque[bool] = deque()
        self.writes: list[Changes] = []  # That were asked for.
        self.sweeps = 0
        self.begun = 0
        self.has_left = self.has_lingered = False
        self.during_write: Callable[[], object] | None = None  # What happens meanwhile, once.
        self._is_alive: bool | None = None  # None: never entered.

    def expire(self) -> None:
        """The lease is gone; what was written is swept away."""
        self._is_alive = False if self._is_alive is not None else None
        self._clear()

    def begin(self) -> None:
        self.begun += 1
        self._is_alive = None
        self._clear()

    def write(self, changes: Changes) -> bool:
        self.writes.append(changes)
        meanwhile, self.during_write = self.during_write, None
        if meanwhile is not None:
            meanwhile()
        with fault_of(self.faults):
            if self._is_alive is False:
                return False
            self._is_alive = True
            self._apply(changes)
        return True

    def sweep(self) -> int:
        with fault_of(self.faults):
            self.sweeps += 1
        return 0

    def leave(self) -> None:
        with fault_of(self.faults):
            self.has_left = True
            self.expire()

    def linger(self, seconds: float) -> None:
        with fault_of(self.faults):
            self.has_lingered = True

    def _apply(self, changes: Changes) -> None:
        _assign(self.users, changes.users)
        for name, counts in changes.channels.items():
            _assign(self.totals, {name: counts.total})
            if counts.total:
                _assign(self.channels.setdefault(name, {}), counts.users)
            else:
                self.channels.pop(name, None)

    def _clear(self) -> None:
        self.users, self.channels, self.totals = {}, {}, {}


@contextmanager
def fault_of(faults: deque[bool]) -> Iterator[None]:
    is_done = faults.popleft() if faults else None
    if is_done is False:
        raise QueueUnavailable("refused")
    yield
    if is_done:
        raise QueueUnavailable("done, but the answer is lost")


def _assign(counts: dict[str, int], changed: Mapping[str, int]) -> None:
    counts.update(changed)
    for name in [name for name, count in counts.items() if count == 0]:
        del counts[name]


class FailingPresenceWriter(PresenceWriter):
    """A real one, and `faults` as of `FakePresenceWriter`."""

    def __init__(self, writer: PresenceWriter) -> None:
        self.writer = writer
        self.faults: deque[bool] = deque()

    def begin(self) -> None:
        self.writer.begin()

    def write(self, changes: Changes) -> bool:
        with fault_of(self.faults):
            return self.writer.write(changes)

    def sweep(self) -> int:
        with fault_of(self.faults):
            return self.writer.sweep()

    def leave(self) -> None:
        with fault_of(self.faults):
            self.writer.leave()

    def linger(self, seconds: float) -> None:
        with fault_of(self.faults):
            self.writer.linger(seconds)


def contents(client: redis.Redis, key: str) -> dict[str, Any]:
    """Every key of presence: hashes and sets as they are, leases as True.

    The sorted names must be those of the hash, so they are not told.
    """
    found: dict[str, Any] = {}
    sorted_names: dict[str, Any] = {}
    names: list[Any] = client.keys(f"{{{key}}}:*")
    for name in names:
        kind, _, rest = name.decode().partition("}:")[2].partition(":")
        if kind == "processes":
            found[kind] = client.smembers(name)
        elif kind == "alive":
            found[f"{kind}:{rest}"] = True
        elif kind.startswith("sorted-"):
            sorted_names[f"{kind.removeprefix('sorted-')}:{rest}"] = client.zrange(name, 0, -1)
        else:
            counts: Any = client.hgetall(name)
            found[f"{kind}:{rest}"] = {who.decode(): int(count) for who, count in counts.items()}
    for name, names in sorted_names.items():
        assert [each.decode() for each in names] == sorted(found[name])
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody joins, leaves or changes (`who` is a place among those who are there); or a round.

    Or an event that happens to the store, by its name.
    """

    kind: str
    user: str | None = None
    channels: frozenset[str] = frozenset()
    who: int = 0
    faults: tuple[bool, ...] = ()


def steps(events: set[str]) -> st.SearchStrategy[list[Step]]:
    """Scripts for a `Crowd`."""
    channels = st.frozensets(st.sampled_from(CHANNELS), max_size=3)
    who, user = st.integers(0, 5), st.none() | st.sampled_from(USERS)
    # No fault is the likeliest: True and False end a round.
    faults = st.lists(st.booleans(), max_size=1).map(tuple)
    step = st.one_of(
        st.builds(Step, st.just("join"), user, channels),
        st.builds(Step, st.just("leave"), who=who),
        st.builds(Step, st.just("change"), channels=channels, who=who),
        st.builds(Step, st.just("round"), faults=faults),
        st.builds(Step, st.sampled_from(sorted(events))),
    )
    return st.lists(step, max_size=25)


class FaultyWriter(PresenceWriter, Protocol):
    """`FakePresenceWriter` or `FailingPresenceWriter`."""

    faults: deque[bool]


class Crowd:
    """Connections that come and go in a `Presence`, and how many there are by themselves."""

    def __init__(self, writer: FaultyWriter, events: Mapping[str, Callable[[], object]]) -> None:
        self._writer = writer
        self._presence = Presence(writer)
        self._events = events
        self._there: list[tuple[str | None, frozenset[str]]] = []
        self._now = 1.0

    def do(self, step: Step) -> None:
        if step.kind == "join":
            self._there.append((step.user, step.channels))
            self._presence.counts.joined(step.user, step.channels)
        elif step.kind == "round":
            self._writer.faults.extend(step.faults)
            self._round()
            self._writer.faults.clear()
        elif step.kind in self._events:
            self._events[step.kind]()
        elif self._there:
            self._move(step)

    def settle(self) -> None:
        """Two rounds without a fault: a lost lease takes both."""
        self._round()
        self._round()

    def users(self) -> dict[str, int]:
        return Counter(user for user, _ in self._there if user is not None)

    def channels(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for user, channels in self._there:
            for name in channels - {f"user:{user}"}:
                who = found.setdefault(name, Counter())
                who[user or ""] += 1
        return found

    def _move(self, step: Step) -> None:
        place = step.who % len(self._there)
        user, channels = self._there.pop(place)
        if step.kind == "leave":
            self._presence.counts.left(user, channels)
        else:
            self._presence.counts.changed(user, channels, step.channels)
            self._there.append((user, step.channels))

    def _round(self) -> None:
        self._now += RENEW
        self._presence.do_round(self._now)
