"""A queue and its log in Redis, as the two kinds of processes have them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from common.message import ENVELOPE_MARK, Mark
from common.page import Page
from common.store.keys import Keys
from common.store.log import RedisLog
from common.store.log_state import Retention, Settled
from common.store.queue import RedisQueue

ENOUGH = 100_000
NOTHING = Mark("", 0)


class Center:
    """One message center: what is pushed to `queue` can be settled and read with `log`."""

    def __init__(
        self,
        client: redis.Redis,
        key: str,
        size: int = ENOUGH,
        seconds: int = ENOUGH,
        bytes_: int = 0,
    ) -> None:
        self.queue = RedisQueue(client, key)
        self.log = RedisLog(client, key, Retention(size, seconds, bytes_))
        self._client, self._epoch = client, Keys(key).epoch

    def settle(self) -> Settled:
        """Settle once, as somebody who knows nothing of the log."""
        return self.log.settle_and_read(NOTHING, 1)[0]

    def settle_all(self) -> None:
        """Settle until nothing waits."""
        while self.settle().waiting:
            pass

    def read(self, after: int, count: int) -> Page:
        """What follows an id."""
        return self.log.read_after(Mark("", after), count)[0]

    def at(self, id_: int) -> Mark:
        """An id in the epoch that the log has now; nothing is settled or mended for that."""
        stored: Any = self._client.get(self._epoch)
        return Mark(stored.decode().partition(" ")[0] if stored else "", id_)

    def logged(self) -> list[bytes]:
        """All contents of the log."""
        return self.read(0, ENOUGH).contents


def envelope(**fields: Any) -> bytes:
    """An item with these fields, right or wrong."""
    return ENVELOPE_MARK + json.dumps(fields).encode()


def settle(center: Center, *items: bytes) -> tuple[Settled, Page]:
    """Push items and settle them; also all that the log has then."""
    center.queue.push(items)
    return center.log.settle_and_read(NOTHING, 1000)


@contextmanager
def full_memory(client: redis.Redis) -> Iterator[None]:
    """Redis has no room meanwhile."""
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


def numbered(count: int, size: int = 0) -> list[bytes]:
    """Contents that are told apart by their beginning."""
    return [b"%d" % number + b"." * size for number in range(count)]
