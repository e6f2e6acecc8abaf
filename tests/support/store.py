"""A queue and its log in Redis, as the two kinds of processes have them."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from common.message import Mark
from common.page import Page
from common.store.log import RedisLog, Retention
from common.store.log_state import Settled
from common.store.queue import RedisQueue

ENOUGH = 100_000
NOTHING = Mark("", 0)


class Center:
    """One message center: what is pushed to `queue` can be settled and read with `log`."""

    def __init__(
        self, client: redis.Redis, key: str, size: int = ENOUGH, seconds: int = ENOUGH
    ) -> None:
        self.queue = RedisQueue(client, key)
        self.log = RedisLog(client, key, Retention(size, seconds))

    def settle(self) -> Settled:
        """Settle once, as somebody who knows nothing of the log."""
        return self.log.settle_and_read(NOTHING, 1)[0]

    def settle_all(self) -> None:
        """Settle until nothing waits."""
        while self.settle().waiting:
            pass

    def read(self, after: int, count: int, block_seconds: float | None = None) -> Page:
        """What follows an id."""
        return self.log.read_after(Mark("", after), count, block_seconds)[0]

    def logged(self) -> list[bytes]:
        """All contents of the log."""
        return self.read(0, ENOUGH).contents


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
