"""How many listen to some channels, over all living processes, and the members of one.

What `common.store.presence` writes is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

MOST_CHANNELS = 1000  # In one question.
MOST_MEMBERS = 10_000  # About; in one answer.


@dataclass(frozen=True, slots=True)
class Count:
    """The connections of a channel; and its members, each once, if it has any."""

    connections: int
    members: int


class ListenerCounts(Protocol):
    """Who listens, by channel.

    Raises:
        QueueUnavailable: by both, if Redis did not answer.
    """

    def of(self, channels: Sequence[str]) -> list[Count]:
        """Those of MOST_CHANNELS at most, in their order."""

    def members_of(self, channel: str) -> set[str]:
        """The members; about MOST_MEMBERS of them, if there are more."""


class RedisListenerCounts(ListenerCounts):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._count = Script(client, source("presence_counts.lua"))
        self._members = Script(client, source("presence_members_of.lua"))

    def of(self, channels: Sequence[str]) -> list[Count]:
        words = [self._keys.prefix, *channels]
        answer = self._count.run([self._keys.processes], words, repeatable=True)
        return [Count(*pair) for pair in zip(answer[::2], answer[1::2], strict=True)]

    def members_of(self, channel: str) -> set[str]:
        words = (self._keys.prefix, channel, str(MOST_MEMBERS))
        answer = self._members.run([self._keys.processes], words, repeatable=True)
        return {member.decode() for member in answer}
