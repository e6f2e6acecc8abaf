"""What a backend has done through Pusher's HTTP API: events are pushed, users are thrown out.

Who asks has been found out before. What Redis has not confirmed is never answered with success. It
knows no route.
"""

import logging
from collections.abc import Sequence
from itertools import chain
from typing import Any

from common.message import Kick
from common.pusher.apps import App
from common.pusher.names import user_to_ours
from common.store.queue import Queue
from http_api.access import asker
from http_api.access.turns import in_turns
from http_api.access.waiting import Admit
from http_api.pusher.events import Triggered, bad, read_batch, read_event
from http_api.pusher.state import State
from http_api.reading.limits import Limits
from http_api.watching.journal import pushes, tell_batch, tell_push
from http_api.watching.stats import Stats
from http_api.watching.tally import Tally

log = logging.getLogger(__name__)

NOTHING: dict[str, Any] = {}
FORMAT = "pusher"  # That of the connections which speak this protocol, in what processes tell.


class Backend:
    """What is done for an application that has signed for it."""

    def __init__(
        self, queue: Queue, admit: Admit, limits: Limits, state: State, stats: Stats, tally: Tally
    ) -> None:
        self._told = pushes(log)
        self._queue = queue
        self._admit = admit
        self._limits = limits
        self._state = state
        self._stats = stats
        self._tally = tally

    def trigger(self, app: App, body: bytes) -> dict[str, Any]:
        """Push one event, to one or several channels.

        Raises:
            Refused: something of it is wrong, or too many wait for Redis.
            QueueUnavailable: Redis did not confirm it.
        """
        event = read_event(app, body, self._limits)
        told = NOTHING
        if event.info is not None:
            asked = [(channel, event.info) for channel in event.channels]
            # Before it is pushed: who is answered with a failure triggers it again.
            told = {"channels": dict(zip(event.channels, self._state.of(app, asked), strict=True))}
        item = self._push([event])[0]
        token = asker.name()
        self._tally.pushed_by(token).count += 1
        tell_push(self._told, item, token, None)
        return told

    def trigger_batch(self, app: App, body: bytes) -> dict[str, Any]:
        """Push several events, all or none; raises as `trigger`."""
        events = list(chain.from_iterable(in_turns(read_batch(app, body, self._limits))))
        told = NOTHING
        if any(event.info is not None for event in events):
            asked = [(event.channels[0], event.info or "") for event in events]
            told = {"batch": self._state.of(app, asked)}
        self._push(events)
        token = asker.name()
        self._tally.note_batch(token, len(events))
        tell_batch(self._told, len(events), token, None)
        return told

    def terminate(self, app: App, user: str) -> dict[str, Any]:
        """Queue an order to close all connections of a user; raises as `trigger`."""
        try:
            name = user_to_ours(app, user)
        except ValueError as problem:
            raise bad(f"Invalid user id: {problem}") from None
        # Even if there are none: one may be too new to be known.
        with self._admit(1):
            self._queue.push([Kick(name).to_item()])
        return NOTHING

    def connections(self) -> dict[str, Any]:
        """How many clients speak this protocol, of all applications; raises as `trigger`."""
        processes = self._stats.read()["processes"]
        return {"connections": sum(_clients(each) for each in processes)}

    def _push(self, events: Sequence[Triggered]) -> list[bytes]:
        items = [event.message.to_item() for event in events]
        with self._admit(len(items)):
            self._queue.push(items)
        return items


def _clients(process: dict[str, Any]) -> int:
    count: int = process.get("connections", {}).get(FORMAT, 0)
    return count
