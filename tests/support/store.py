"""A queue and its log in Redis, as the two kinds of processes have them."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from common.store.log import RedisLog, Retention
from common.store.queue import RedisQueue

ENOUGH = 100_000


class Center:
    """One message center: what is pushed to `queue` can be settled and read with `log`."""

    def __init__(
        self, client: redis.Redis, key: str, size: int = ENOUGH, seconds: int = ENOUGH
    ) -> None:
        self.queue = RedisQueue(client, key)
        self.log = RedisLog(client, key, Retention(size, seconds))


@contextmanager
def full_memory(client: redis.Redis) -> Iterator[None]:
    """Redis has no room meanwhile."""
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)
