"""Who is connected, page by page: all users or all channels, sorted, over all living processes.

What `common.store.presence` writes is read here. A page costs Redis as much as it has names, times
the processes, whatever their number is in all.
"""

from dataclasses import dataclass
from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.script import Script, source

USERS, CHANNELS = "users", "channels"
MOST_NAMES = 1000  # In one page.


@dataclass(frozen=True, slots=True)
class NamesPage:
    """Names with their connections, in the order of their bytes; whether there are more."""

    connections: dict[str, int]
    is_last: bool


class PresencePages(Protocol):
    """All users and all channels.

    Raises:
        QueueUnavailable: Redis did not answer.
    """

    def page(self, kind: str, after: str, prefix: str, limit: int) -> NamesPage:
        """Up to `limit` USERS or CHANNELS that come after a name and begin with `prefix`."""


class RedisPresencePages(PresencePages):
    """Reads from Redis."""

    def __init__(self, client: Client, key: str) -> None:
        self._keys = Keys(key)
        self._page = Script(client, source("presence_page.lua"))

    def page(self, kind: str, after: str, prefix: str, limit: int) -> NamesPage:
        words = (self._keys.prefix, kind, *_bounds(after, prefix), limit)
        more, *pairs = self._page.run([self._keys.processes], words, repeatable=True)
        names = zip(pairs[::2], pairs[1::2], strict=True)
        return NamesPage({name.decode(): count for name, count in names}, is_last=not more)


def _bounds(after: str, prefix: str) -> tuple[str, bytes]:
    """As ZRANGEBYLEX has them. Names are ASCII, so all that begin so come before this byte."""
    first = f"[{prefix}" if prefix > after else f"({after}" if after else "-"
    return first, b"(" + prefix.encode() + b"\xff" if prefix else b"+"
