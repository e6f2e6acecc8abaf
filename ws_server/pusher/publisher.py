"""Passes on what clients send to each other: to the queue, like any other message.

So it comes into the log, and reaches the clients of all processes in one order. It is pushed once:
what Redis does not confirm may be lost, and whoever has sent it is told.
"""

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from common.errors import QueueUnavailable
from common.loops import repeat
from common.store.queue import Queue
from common.store.webhooks import Note, Webhooks

# Messages, and bytes of them. Webhooks tell the same: so memory holds twice as many.
MOST_WAITING, MOST_BYTES = 10_000, 16 * 1024 * 1024
AT_ONCE, BYTES_AT_ONCE = 500, 1024 * 1024  # About: Redis does nothing else meanwhile.

Failed = Callable[[], None]


class Publisher:
    """One greenlet pushes; what comes meanwhile goes together after that."""

    def __init__(self, queue: Queue, webhooks: Webhooks | None = None) -> None:
        self._queue = queue
        self._webhooks = webhooks
        self._waiting: list[tuple[bytes, Failed, Note]] = []
        self._bytes = 0
        self._wake = Event()
        self._running: Any = None

    def submit(self, item: bytes, failed: Failed, note: Note) -> None:
        """Push it soon; `failed` is called if that was not confirmed, or if too many wait.

        `note` is what webhooks tell of it.
        """
        if len(self._waiting) >= MOST_WAITING or self._bytes + len(item) > MOST_BYTES:
            failed()
            return
        self._bytes += len(item)
        self._waiting.append((item, failed, note))
        self._wake.set()
        if self._running is None:
            self._running = gevent.spawn(repeat, "client events are pushed", self.push_some)

    def push_some(self) -> None:
        """Wait for something, and push it."""
        if not self._waiting:
            self._wake.clear()
            self._wake.wait()
        some = self._take_some()
        try:
            self._push([item for item, _, _ in some], [note for _, _, note in some])
        except QueueUnavailable:
            for _, failed, _ in some:
                failed()

    def _take_some(self) -> list[tuple[bytes, Failed, Note]]:
        count = size = 0
        for item, _, _ in self._waiting[:AT_ONCE]:
            count, size = count + 1, size + len(item)
            if size >= BYTES_AT_ONCE:
                break
        some = self._waiting[:count]
        del self._waiting[:count]
        self._bytes -= size
        return some

    def _push(self, items: list[bytes], notes: list[Note]) -> None:
        if self._webhooks is None:
            self._queue.push(items)
        else:
            self._webhooks.push(items, notes)
