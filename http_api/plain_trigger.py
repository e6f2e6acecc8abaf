"""`POST /apps/{id}/events` of Pusher's libraries at the door: the same rules, without Flask.

Only what is right is answered here. Whatever is to be refused, Flask looks at anew, and says why:
nothing was done until then.
"""

import logging
from time import time
from typing import Any

from common.errors import QueueUnavailable
from common.outage import Outage
from common.pusher.apps import Apps
from common.refused import Refused
from common.serving.door.answer import Answer, Caller, Done
from common.serving.door.plain import Head
from common.store.commits import Commits
from http_api.access.guard import Guard
from http_api.plain_push import PATH, UNAVAILABLE, PlainPush
from http_api.pusher.events import read_event
from http_api.pusher.routes import NOSNIFF, TEXT, by
from http_api.pusher.signed import Signed, Target, read_head, refuse_foreign, refuse_other_body
from http_api.reading.bodies import Bodies
from http_api.reading.limits import Limits
from http_api.watching.journal import pushes, tell_push
from http_api.watching.tally import Tally

log = logging.getLogger(__name__)

BEGIN, END = "/apps/", "/events"
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
        if head.method != "POST" or not (path.startswith(BEGIN) and path.endswith(END)):
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
            event = read_event(signed.app, body, self._limits)
            item = event.message.to_item()
        except Refused:
            return False
        if event.info is not None:  # Redis has to be asked.
            return False
        token = by(signed.app)

        def confirmed(result: Any) -> None:
            if result is not None:
                done(self._failure(result))
                return
            if self._outage.without:
                self._outage.note("push", None)
            self._tally.pushed_by(token).count += 1
            done(TRIGGERED)
            if self._pushes.is_open:
                tell_push(self._pushes, item, token, None)
            else:
                self._pushes.missed += 1

        assert self._commits is not None  # noqa: S101
        self._commits.submit((item,), (None,), 0, confirmed)
        return True

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
