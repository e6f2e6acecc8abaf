"""What is kept of the log for the next who wants it, and how much memory that takes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Memory:
    """How many bytes are kept. What is kept adds to it, and adds more when it grows."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Keepable(Protocol):
    """What can say how much memory it takes."""

    def keep_in(self, memory: Memory) -> None:
        """Count what it takes, now and when it grows."""

    def drop_from(self, memory: Memory) -> None:
        """Count it no more."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Keepable)


class Cache(Generic[K, V]):
    """The `most` things that were used last."""

    def __init__(self, most: int) -> None:
        self.memory = Memory()
        self.by_key: OrderedDict[K, V] = OrderedDict()  # First the one not used for longest.
        self._most = most

    def __len__(self) -> int:
        return len(self.by_key)

    def get(self, key: K) -> V | None:
        """One that is kept; it counts as used now."""
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
