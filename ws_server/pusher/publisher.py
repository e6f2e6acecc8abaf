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

MOST_WAITING = 10_000  # Messages.
AT_ONCE = 500

Failed = Callable[[], None]


class Publisher:
    """One greenlet pushes; what comes meanwhile goes together after that."""

    def __init__(self, queue: Queue, webhooks: Webhooks | None = None) -> None:
        self._queue = queue
        self._webhooks = webhooks
        self._waiting: list[tuple[bytes, Failed, Note]] = []
        self._wake = Event()
        self._running: Any = None

    def submit(self, item: bytes, failed: Failed, note: Note) -> None:
        """Push it soon; `failed` is called if that was not confirmed, or if too many wait.

        `note` is what webhooks tell of it.
        """
        if len(self._waiting) >= MOST_WAITING:
            failed()
            return
        self._waiting.append((item, failed, note))
        self._wake.set()
        if self._running is None:
            self._running = gevent.spawn(repeat, "client events are pushed", self.push_some)

    def push_some(self) -> None:
        """Wait for something, and push it."""
        if not self._waiting:
            self._wake.clear()
            self._wake.wait()
        some = self._waiting[:AT_ONCE]
        del self._waiting[:AT_ONCE]
        try:
            self._push([item for item, _, _ in some], [note for _, _, note in some])
        except QueueUnavailable:
            for _, failed, _ in some:
                failed()

    def _push(self, items: list[bytes], notes: list[Note]) -> None:
        if self._webhooks is None:
            self._queue.push(items)
        else:
            self._webhooks.push(items, notes)
