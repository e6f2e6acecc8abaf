"""How many listen to some channels, over all living processes: their connections and their users.

What `common.store.presence` writes is read here. `common.store.presence` itself tells who they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

MOST_CHANNELS = 1000  # In one question.


@dataclass(frozen=True, slots=True)
class Count:
    """The connections of a channel, and its users, each once; 0 if they were not asked for."""

    connections: int
    users: int


class ListenerCounts(Protocol):
    """Counts by channel.

    Raises:
        QueueUnavailable: Redis did not answer.
    """

    def of(self, channels: Sequence[str], *, users: bool) -> list[Count]:
        """Those of MOST_CHANNELS at most, in their order."""


class RedisListenerCounts(ListenerCounts):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._read = Script(client, source("presence_counts.lua"))

    def of(self, channels: Sequence[str], *, users: bool) -> list[Count]:
        words = [self._keys.prefix, str(int(users)), *channels]
        answer = self._read.run([self._keys.processes], words, repeatable=True)
        return [Count(*pair) for pair in zip(answer[::2], answer[1::2], strict=True)]
