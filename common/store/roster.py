"""Who is a member of a channel, over all processes, at one exact place of the log."""

from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source


class RosterReader(Protocol):
    """Reads who is there."""

    def read(self, channel: str, item: bytes) -> dict[str, str]:
        """The members, and what is told of each; `item` is queued in the same step.

        What has led to it comes into the log before this item, and what changes it after it.

        Raises:
            QueueUnavailable: Redis did not answer; the item may be queued.
        """


class RedisRosterReader(RosterReader):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._read = Script(client, source("roster.lua"))

    def read(self, channel: str, item: bytes) -> dict[str, str]:
        keys = [self._keys.roster(channel), self._keys.queue]
        pairs = self._read.run(keys, (item,), repeatable=True)
        found = zip(pairs[::2], pairs[1::2], strict=True)
        return {member.decode(): info.decode() for member, info in found}
