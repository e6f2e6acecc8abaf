"""What Pusher's libraries trigger, at the door: the same rules as behind Flask, without Flask.

Only what is right is answered here. Whatever is to be refused, Flask looks at anew, and says why:
nothing was done until then.
"""

import logging
from collections.abc import Sequence
from itertools import chain
from time import time
from typing import Any

from common.errors import QueueUnavailable
from common.outage import Outage
from common.pusher.apps import App, Apps
from common.refused import Refused
from common.serving.door.answer import Answer, Caller, Done
from common.serving.door.plain import Head
from common.store.commits import Commits
from http_api.access.guard import Guard
from http_api.plain_push import PATH, UNAVAILABLE, PlainPush
from http_api.pusher.events import Triggered, read_batch, read_event
from http_api.pusher.routes import NOSNIFF, TEXT, by
from http_api.pusher.signed import Signed, Target, read_head, refuse_foreign, refuse_other_body
from http_api.reading.bodies import Bodies
from http_api.reading.limits import Limits
from http_api.watching.journal import pushes, tell_batch, tell_push
from http_api.watching.tally import Tally

log = logging.getLogger(__name__)

BEGIN, ONE, BATCH = "/apps/", "/events", "/batch_events"
LONGEST_BATCH = 16 * 1024  # Bytes: some milliseconds. While longer ones are read others have turns.
TRIGGERED = Answer(200, b"{}")


class PlainTrigger:
    """Answers triggers in the event loop's callback."""

    def __init__(
        self, apps: Apps, guard: Guard, bodies: Bodies, limits: Limits, outage: Outage, tally: Tally
    ) -> None:
        self._apps = apps
        self._is_limited = guard.limits
        self._bodies = bodies
        self._limits = limits
        self._outage = outage
        self._tally = tally
        self._commits: Commits | None = None
        self._pushes = pushes(log)

    def commit_to(self, commits: Commits) -> None:
        """Where pushes go."""
        self._commits = commits

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        path = head.path
        if head.method != "POST" or not (path.startswith(BEGIN) and path.endswith((ONE, BATCH))):
            return False
        if length > LONGEST_BATCH and path.endswith(BATCH):
            return False
        if self._commits is None or self._is_limited or length > self._bodies.longest:
            return False
        if "x-request-id" in head.headers:
            return False
        return is_whole or self._signed(head) is not None

    def answer(self, head: Head, body: bytes, _caller: Caller, done: Done) -> bool:
        signed = self._signed(head)
        if signed is None:
            return False
        try:
            refuse_other_body(signed, body)
            events = self._events(head, signed.app, body)
        except Refused:
            return False
        if any(event.info is not None for event in events):  # Redis has to be asked.
            return False
        items, token = [event.message.to_item() for event in events], by(signed.app)

        def confirmed(result: Any) -> None:
            if result is not None:
                done(self._failure(result))
                return
            if self._outage.without:
                self._outage.note("push", None)
            done(TRIGGERED)
            self._tell(items, token, is_batch=head.path.endswith(BATCH))

        assert self._commits is not None  # noqa: S101
        self._commits.submit(items, [None] * len(items), 0, confirmed)
        return True

    def _events(self, head: Head, app: App, body: bytes) -> list[Triggered]:
        if head.path.endswith(ONE):
            return [read_event(app, body, self._limits)]
        return list(chain.from_iterable(read_batch(app, body, self._limits)))

    def _tell(self, items: Sequence[bytes], token: str, *, is_batch: bool) -> None:
        if is_batch:
            self._tally.note_batch(token, len(items))
            tell_batch(self._pushes, len(items), token, None)
            return
        self._tally.pushed_by(token).count += 1
        if self._pushes.is_open:
            tell_push(self._pushes, items[0], token, None)
        else:
            self._pushes.missed += 1

    def _signed(self, head: Head) -> Signed | None:
        """Who has signed it; None if it is to be refused. Each head comes only once."""
        path = head.path.encode()
        _, _, app_id, *rest = head.path.split("/")
        if len(rest) != 1:
            return None
        try:
            signed = read_head(self._apps, Target("POST", path, path, head.query), time())
            refuse_foreign(self._apps, signed, app_id)
        except Refused:
            return None
        return signed

    def _failure(self, problem: Any) -> Answer:
        if isinstance(problem, QueueUnavailable):
            self._outage.note("push", problem)
            problem = UNAVAILABLE
        self._tally.refused[problem.error] += 1
        headers = {**problem.headers, **NOSNIFF}
        return Answer(problem.status, f"{problem}\n".encode(), headers, TEXT)


class PlainBoth:
    """Pushes and triggers."""

    def __init__(self, push: PlainPush, trigger: PlainTrigger) -> None:
        self._push = push
        self._trigger = trigger

    def commit_to(self, commits: Commits, seconds: int) -> None:
        """Where both go; ids count for so many seconds."""
        self._push.commit_to(commits, seconds)
        self._trigger.commit_to(commits)

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        of_push = self._push.takes(head, length, is_whole=is_whole)
        return of_push or self._trigger.takes(head, length, is_whole=is_whole)

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        application = self._push if head.path == PATH else self._trigger
        return application.answer(head, body, caller, done)
