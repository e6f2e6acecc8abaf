"""Sends webhooks: at least once each, those of a channel in their order.

Of all processes one sends, under a lease in Redis. A place moves only after the backend has
answered, so whoever takes over sends again what may have been lost. What is not taken for GIVE_UP
is set aside, or one webhook that no backend can read would stop all others.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import time
from typing import Any, Self

import gevent

from common.errors import QueueUnavailable
from common.loops import repeat
from common.metrics.numbers import Counts, Numbers
from common.pusher.apps import App, Apps
from common.pusher.signing import signature
from common.store.webhooks import LEASE, Noted, Webhooks
from ws_server.pusher.webhook_body import MOST_EVENTS, body_of, events_of, fitting, pause_after
from ws_server.pusher.webhook_post import SECONDS, NotTaken

log = logging.getLogger(__name__)

GIVE_UP = 3600.0  # Seconds,
# Seconds since its look at the notes after which a process does not send them any more: stopped for
# so long, it may have lost its lease, and another one may be further.
STALE = LEASE - SECONDS - 0.5
LEAST_TRIES = 8  # and about 3 minutes: it may have waited for a sender that was away, too.
ROUND = 0.5  # Seconds between two looks of the sender,
STANDBY = 2.0  # of the others, and while a backend does not answer: the lease is renewed by it.

Post = Callable[[str, Mapping[str, str], bytes], None]


class Sender:
    """Of one application, in one process. `counts`: of events, by what has become of them."""

    def __init__(
        self,
        app: App,
        url: str,
        webhooks: Webhooks,
        post: Post,
        counts: Counts,
        clock: Callable[[], float] = time,
    ) -> None:
        self._app = app
        self._url = url
        self._webhooks = webhooks
        self._post = post
        self._counts = counts
        self._clock = clock
        self._failures = 0
        self._next_try = 0.0
        self._done = b""  # A place that Redis has yet to confirm.

    def step(self) -> float:
        """Send something, if there is something and it is time; seconds until the next step."""
        try:
            return self._step()
        except QueueUnavailable as problem:
            log.debug("Webhooks wait for Redis: %s", problem.reason)
            return STANDBY

    def _step(self) -> float:
        if self._done:  # It was taken; to send it again because Redis was away is not needed.
            self._move(self._done)
        began = self._clock()
        unsent = self._webhooks.read(self._app.id, MOST_EVENTS)
        if unsent is None:
            self._failures, self._next_try = 0, 0.0
            return STANDBY
        if unsent.dropped:
            log.error("%d events of webhooks are lost: too many waited", unsent.dropped)
            self._counts["lost"] += unsent.dropped
        if not unsent.notes:
            return ROUND
        now = self._clock()
        if now - began > STALE:
            return 0.0
        if now < self._next_try:
            return min(self._next_try - now, STANDBY)
        return self._send(fitting(unsent.notes))

    def _send(self, notes: Sequence[Noted]) -> float:
        events = events_of(self._app, notes)
        try:
            if events:
                self._post_events(events)
        except NotTaken as problem:
            return self._note_failure(notes, problem)
        if self._failures and events:
            log.info("Webhooks of application %s are taken again", self._app.id)
        self._failures = 0 if events else self._failures
        self._counts["sent"] += len(events)
        self._move(notes[-1].place)
        return 0.0

    def _post_events(self, events: Sequence[dict[str, Any]]) -> None:
        body = body_of(events, self._clock())
        headers = {
            "Content-Type": "application/json",
            "X-Pusher-Key": self._app.key,
            "X-Pusher-Signature": signature(self._app, body),
        }
        self._post(self._url, headers, body)

    def _note_failure(self, notes: Sequence[Noted], problem: NotTaken) -> float:
        self._failures += 1
        now = self._clock()
        pause = pause_after(self._failures)
        self._next_try = now + pause
        if self._failures == 1:
            log.warning("A webhook of application %s is not taken: %s", self._app.id, problem)
        old = [note for note in notes if now - note.seconds > GIVE_UP]
        if old and self._failures >= LEAST_TRIES:
            count = len(events_of(self._app, old))
            text = "%d events of webhooks of application %s are set aside after %d seconds: %s"
            log.error(text, count, self._app.id, GIVE_UP, problem)
            self._counts["set_aside"] += count
            self._move(old[-1].place)
        return min(pause, STANDBY)

    def _move(self, place: bytes) -> None:
        self._done = place
        self._webhooks.move(self._app.id, place)
        self._done = b""


class Senders:
    """All of one process."""

    def __init__(self, hooks: Sequence[tuple[App, str]], webhooks: Webhooks, post: Post) -> None:
        self.counts = Counts()
        self._webhooks = webhooks
        self._senders = [Sender(app, url, webhooks, post, self.counts) for app, url in hooks]
        self._running: list[Any] = []

    @classmethod
    def of(
        cls, apps: Apps, hooks: Iterable[tuple[str, str]], webhooks: Webhooks, post: Post
    ) -> Self:
        """`hooks`: the setting `pusher_webhooks`."""
        addresses = dict(hooks)
        found = [(app, addresses[app.id]) for app in apps if app.id in addresses]
        return cls(found, webhooks, post)

    def count_in(self, numbers: Numbers) -> None:
        """Let what has become of events be shown."""
        numbers.add("webhook_events_total", lambda: self.counts)

    def start(self) -> None:
        """Send, from now on."""
        for sender in self._senders:
            step = partial(_step_and_wait, sender)
            self._running.append(gevent.spawn(repeat, "webhooks are sent", step))

    def stop(self, limit: float) -> None:
        """Let another process take over, within so many seconds."""
        try:
            with gevent.Timeout(limit, QueueUnavailable("no answer before the stop")):
                gevent.killall(self._running)  # Or one of them takes the lease again.
                self._webhooks.leave()
        except QueueUnavailable as problem:
            log.warning("Webhooks wait until the lease of their sender ends: %s", problem.reason)


def _step_and_wait(sender: Sender) -> None:
    gevent.sleep(sender.step())
