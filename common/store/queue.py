"""The queue: messages wait in it until a WebSocket server settles them.

This side only pushes; `common.store.log` takes from it. A push that failed is not tried again,
as its messages may be in the queue: only `push_once` can tell, by their ids.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.line import Line
from common.store.redis_errors import redis_errors
from common.store.script import Script, source


class Queue(Protocol):
    """Where messages are pushed.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not confirm it.
    """

    def push(self, items: Sequence[bytes]) -> None:
        """Queue all `items` or none; they leave the queue in the order given."""

    def push_in_line(self, items: Sequence[bytes]) -> None:
        """`push`, for who gathers: the next one waits until this one is confirmed."""
        self.push(items)

    def push_once(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
    ) -> int | None:
        """`push`, but without the items whose id was pushed within `seconds`: these are done.

        The answer is None, or the place of the first item whose id stands for another
        item: then none was queued. If every item has an id, a lost connection is tried again.
        """

    def check(self) -> None:
        """Find out whether a push would be taken now; leaves nothing."""


class RedisQueue(Queue):
    """A list in Redis. Pushes share the connections of `client`."""

    def __init__(self, client: Client, key: str) -> None:
        self._redis = client
        self._keys = Keys(key)
        self._push_once = Script(client, source("push_once.lua"))
        self._line = Line(client.connection_pool)
        self._checking = Line(client.connection_pool, repeatable=True)

    def push(self, items: Sequence[bytes]) -> None:
        with redis_errors():
            self._redis.lpush(self._keys.queue, *items)

    def push_in_line(self, items: Sequence[bytes]) -> None:
        self._line.call(("LPUSH", self._keys.queue, *items))

    def push_once(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
    ) -> int | None:
        queue = self._keys.queue
        keys = [queue, *(self._keys.once(id_) if id_ else queue for id_ in ids)]
        hashed = (word for item in items for word in (item, blake2b(item, digest_size=16).digest()))
        # An item without an id would be queued again.
        place: int = self._push_once.run(keys, (seconds, *hashed), repeatable=all(ids))
        return place - 1 if place else None

    def check(self) -> None:
        self._checking.rehearse(("LPUSH", self._keys.queue, b""))
        self._checking.call(("LLEN", self._keys.queue))  # Fails if it is no list.
