"""The queue: messages wait in it until a WebSocket server settles them.

This side only pushes; `common.store.log` takes from it. A push that failed is not tried again,
as its messages may be in the queue: only `push_once` can tell, by their ids.
"""

from collections.abc import Sequence
from typing import Protocol

from common.store.connect import Client
from common.store.keys import Keys
from common.store.line import Line
from common.store.push_commands import SCRIPT, once_words
from common.store.redis_errors import redis_errors
from common.store.script import Script


class Queue(Protocol):
    """Where messages are pushed.

    Raises:
        QueueUnavailable: by each of the methods, if Redis did not confirm it.
    """

    def push(self, items: Sequence[bytes]) -> None:
        """Queue all `items` or none; they leave the queue in the order given."""

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
    """A list in Redis. Pushes share the connections of `client`, and each waits for its answer."""

    def __init__(self, client: Client, key: str) -> None:
        self._redis = client
        self._keys = Keys(key)
        self._push_once = Script(client, SCRIPT)
        self._checking = Line(client, repeatable=True)

    def push(self, items: Sequence[bytes]) -> None:
        with redis_errors():
            self._redis.lpush(self._keys.queue, *items)

    def push_once(
        self, items: Sequence[bytes], ids: Sequence[str | None], seconds: int
    ) -> int | None:
        keys, words = once_words(self._keys, items, ids, seconds)
        # An item without an id would be queued again.
        place: int = self._push_once.run(keys, words, repeatable=all(ids))
        return place - 1 if place else None

    def check(self) -> None:
        self._checking.rehearse(("LPUSH", self._keys.queue, b""))
        self._checking.call(("LLEN", self._keys.queue))  # Fails if it is no list.
