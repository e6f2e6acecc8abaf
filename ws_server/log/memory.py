"""What is kept of the log in memory, in bytes: one account for all that can be given back."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Memory:
    """How many bytes are kept. Written by who keeps something, and by what grows meanwhile."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Keepable(Protocol):
    """What says how much memory it takes."""

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes, now and when it grows."""

    def drop_from(self, memory: Memory) -> None:
        """The opposite: it is kept no more."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Keepable)


class Kept(Generic[K, V]):
    """The things that were used last, so many at the most."""

    def __init__(self, most: int) -> None:
        self.memory = Memory()
        self.by_key: OrderedDict[K, V] = (
            OrderedDict()
        )  # The one that was not used for longest first.
        self._most = most

    def __len__(self) -> int:
        return len(self.by_key)

    def get(self, key: K) -> V | None:
        """One that is kept; it has been used now."""
        found = self.by_key.get(key)
        if found is not None:
            self.by_key.move_to_end(key)
        return found

    def put(self, key: K, value: V) -> None:
        """Keep it instead of what had this key."""
        self.forget(key)
        self.by_key[key] = value
        value.keep_in(self.memory)
        if len(self.by_key) > self._most:
            self.forget_oldest()

    def forget(self, key: K) -> None:
        """Keep it no more; harmless if it is not there."""
        value = self.by_key.pop(key, None)
        if value is not None:
            value.drop_from(self.memory)

    def forget_oldest(self) -> None:
        """Forget the one that was not used for longest."""
        self.forget(next(iter(self.by_key)))

    def clear(self) -> None:
        """Forget everything."""
        while self.by_key:
            self.forget_oldest()
