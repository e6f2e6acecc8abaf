"""`GET` and `POST /push` at the door: the same rules as behind Flask, without Flask.

What a push means, `http_api/reading/reading.py` decides for both; who may push,
`http_api/access/guard.py`.
"""

import logging
from typing import Any, NamedTuple

from werkzeug.exceptions import HTTPException

from common.errors import QueueUnavailable
from common.flask_answers import CRASHED, translated
from common.journal import request_id
from common.journal.kind import Kind
from common.outage import Outage
from common.refused import Refused
from common.serving.door.answer import Answer, Caller, Done
from common.serving.door.plain import Head
from common.store.commits import Commits
from http_api.access.guard import NOBODY, TOKEN, Callers, Guard
from http_api.access.scope import PUSH
from http_api.reading import reading
from http_api.reading.answers import CONTENT_EMPTY_BODY, SUCCESS_BODY, success_body
from http_api.reading.bodies import Bodies
from http_api.reading.head import Head as PushHead
from http_api.reading.limits import Limits
from http_api.reading.params import Source
from http_api.watching.journal import pushes, tell_empty, tell_push
from http_api.watching.tally import Pushed, Tally

log = logging.getLogger(__name__)

PATH = "/push"
SUCCESS = Answer(200, SUCCESS_BODY)
CONTENT_EMPTY = Answer(200, CONTENT_EMPTY_BODY)
UNAVAILABLE = Refused("queue_unavailable", "the queue is unavailable, try again")


class Kept(NamedTuple):
    """What a head is found to say: it is the same for each request that has the same bytes."""

    owner: "PlainPush"  # Another application has other tokens.
    head: PushHead
    query: Source
    token: str | None  # The name of the token, if one is needed: it was right.
    limits: Limits  # Of this token.
    request: str | None  # The id of the request, if it has one.
    success: Answer
    pushed: Pushed  # Where it is counted.


class PlainPush:
    """Answers pushes in the event loop's callback."""

    def __init__(
        self, guard: Guard, bodies: Bodies, limits: Limits, outage: Outage, tally: Tally
    ) -> None:
        self._guard = guard
        self._is_guarded = bool(guard)
        self._bodies = bodies
        self._limits = limits
        self._outage = outage
        self._tally = tally
        self._commits: Commits | None = None
        self._seconds = 0
        self._pushes, self._refusals = pushes(log), Kind(log, "refused")

    def commit_to(self, commits: Commits, seconds: int) -> None:
        """Where pushes go; ids count for so many seconds."""
        self._commits = commits
        self._seconds = seconds

    def takes(self, head: Head, length: int, *, is_whole: bool) -> bool:
        if self._commits is None or head.path != PATH or head.is_upgrade:
            return False
        if length > self._bodies.longest:
            return False
        return is_whole or self._guard.lets_push(head.headers.get("authorization", ""))

    def answer(self, head: Head, body: bytes, caller: Caller, done: Done) -> bool:
        try:
            self._begin(head, body, caller, done)
        except Exception as problem:
            done(self._failure(head, caller, problem))
        return True

    def _begin(self, head: Head, body: bytes, caller: Caller, done: Done) -> None:
        kept: Kept | None = head.kept
        kept = None if kept is None or kept.owner is not self else kept
        callers = self._callers(head, caller, kept and kept.token) if self._is_guarded else NOBODY
        if kept is None:
            kept = head.kept = self._kept(head, callers)
        entry = reading.read_rest(kept.head, kept.query, body, kept.limits)
        if entry is None:
            self._tally.empty += 1
            tell_empty(self._refusals, head.method, caller.address, kept.token, kept.request)
            done(_with_id(CONTENT_EMPTY, kept.request))
            return
        if callers:
            self._guard.count_messages(callers, 1)
        assert self._commits is not None  # noqa: S101

        def confirmed(result: Any) -> None:
            if result is None:
                if self._outage.without:
                    self._outage.note("push", None)
                kept.pushed.count += 1
                done(
                    kept.success
                    if id_ is None
                    else Answer(200, success_body(id_), kept.success.headers)
                )
                if self._pushes.is_open:
                    tell_push(self._pushes, item, kept.token, kept.request)
                else:
                    self._pushes.missed += 1
            else:
                problem = result if isinstance(result, Exception) else reading.id_reused()
                done(self._failure(head, caller, problem))

        item, id_ = entry
        self._commits.submit((item,), (id_,), self._seconds, confirmed)

    def _kept(self, head: Head, callers: Callers) -> Kept:
        limits = self._limits_of(callers)
        push_head = _head(head)
        query = reading.read_head(push_head, limits)
        id_, token = _id_of(head), callers.get(TOKEN)
        pushed, success = self._tally.pushed_by(token), _with_id(SUCCESS, id_)
        return Kept(self, push_head, query, token, limits, id_, success, pushed)

    def _callers(self, head: Head, caller: Caller, name: str | None) -> Callers:
        get = head.headers.get
        authorization, forwarded = get("authorization", ""), get("x-forwarded-for", "")
        return self._guard.check(authorization, caller.address, forwarded, name)

    def _limits_of(self, callers: Callers) -> Limits:
        scope = self._guard.scope_of(callers)
        if scope is not None:
            scope.refuse_unless(PUSH)
        return self._limits.within(scope)

    def _failure(self, head: Head, caller: Caller, problem: Exception) -> Answer:
        id_ = _id_of(head) or request_id.made()
        refused = self._refused(head, problem, id_)
        status, error = refused.status, refused.error
        told = {"status": status, "error": error, "address": caller.address, "request": id_}
        self._tally.refused[error] += 1
        self._refusals.tell("refused %s %s", head.method, PATH, **told)
        return _with_id(Answer(status, refused.body(), refused.headers), id_)

    def _refused(self, head: Head, problem: Exception, id_: str) -> Refused:
        if isinstance(problem, Refused):
            return problem
        if isinstance(problem, HTTPException):
            return translated(problem)
        if isinstance(problem, QueueUnavailable):
            self._outage.note("push", problem)
            return UNAVAILABLE
        log.error("%s %s failed (request %s)", head.method, PATH, id_, exc_info=problem)
        return CRASHED


def _id_of(head: Head) -> str | None:
    return request_id.given(head.headers.get("x-request-id"))


def _with_id(answer: Answer, id_: str | None) -> Answer:
    """The answer, which says the id of the request."""
    if id_ is None:
        return answer
    return Answer(answer.status, answer.body, {**answer.headers, request_id.HEADER: id_})


def _head(head: Head) -> PushHead:
    get = head.headers.get
    return PushHead(head.method, head.query, get("content-type", ""), "", get("idempotency-key"))
