"""`Push`: from a request to messages on the queue.

What a push means is decided in `http_api/reading/reading.py`; here its body is read, and the
messages are pushed. What Redis has not confirmed is never answered with success. It knows Flask's
request and the queue, and no route.
"""

import logging
from itertools import chain

from flask import Request

from common.journal import request_id
from common.journal.kind import Kind
from common.store.queue import Queue
from http_api.access import asker
from http_api.access.turns import in_turns
from http_api.access.waiting import Admit
from http_api.reading import params, reading
from http_api.reading.answers import CONTENT_EMPTY_BODY, success_body
from http_api.reading.bodies import Bodies, has_first_byte
from http_api.reading.head import Head
from http_api.reading.limits import Limits
from http_api.reading.reading import Entry
from http_api.watching.journal import pushes, tell_batch, tell_empty, tell_push

log = logging.getLogger(__name__)

NO_LENGTH = ("", "0")


class Push:
    """The `Push` controller: `index` for one message, `batch` for many."""

    def __init__(
        self, queue: Queue, admit: Admit, bodies: Bodies, limits: Limits, idempotency_seconds: int
    ) -> None:
        self._told, self._refusals = pushes(log), Kind(log, "refused")
        self._queue = queue
        self._admit = admit
        self._bodies = bodies
        self._limits = limits
        self._idempotency_seconds = idempotency_seconds

    def index(self, request: Request) -> bytes:
        """Queue the request's `content`; the answer is one of the original's two.

        Raises:
            Refused: something of the push is wrong; or there is no room for the body now, or too
                many wait for Redis.
            QueueUnavailable: Redis did not confirm the message.
        """
        entry = self._read(request)
        if entry is None:
            address = request.environ.get("REMOTE_ADDR")
            tell_empty(self._refusals, request.method, address, asker.name(), _id_of(request))
            return CONTENT_EMPTY_BODY
        if self._push([entry]) is not None:
            raise reading.id_reused()
        tell_push(self._told, entry[0], asker.name(), _id_of(request))
        return success_body(entry[1])

    def batch(self, request: Request) -> int:
        """Queue a JSON array or NDJSON lines, in their order, with one LPUSH; say how many.

        All or nothing.

        Raises:
            Refused: an item (its `index` says which), the whole or the query is wrong; or there
                is no room for the body now, or too many wait for Redis.
            QueueUnavailable: Redis did not confirm the batch; none of it counts as pushed.
        """
        head = _head_of(request)
        limits = self._limits.within(asker.scope())
        reading.read_batch_head(head, limits)
        with self._bodies.read(request) as body:  # It counts until Redis has the messages.
            entries = self._entries(head, body, limits)
            reused = self._push(entries)
        if reused is not None:
            raise reading.id_reused(reused)
        tell_batch(self._told, len(entries), asker.name(), _id_of(request))
        return len(entries)

    def _read(self, request: Request) -> Entry | None:
        head = _head_of(request)
        limits = self._limits.within(asker.scope())
        query = reading.read_head(head, limits)
        if head.method == "POST":
            with self._bodies.read(request) as body:
                return reading.read_rest(head, query, body, limits)
        if _has_body(request):
            raise params.body_of_get()
        return reading.read_rest(head, query, b"", limits)

    def _entries(self, head: Head, body: bytes, limits: Limits) -> list[Entry]:
        """The messages of a batch; while they are read, others have a turn now and then."""
        return list(chain.from_iterable(in_turns(reading.read_batch(head, body, limits))))

    def _push(self, entries: list[Entry]) -> int | None:
        items, ids = [item for item, _ in entries], [id_ for _, id_ in entries]
        with self._admit(len(items)):
            if any(ids):
                return self._queue.push_once(items, ids, self._idempotency_seconds)
            self._queue.push(items)
        return None


def _has_body(request: Request) -> bool:
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        return has_first_byte(request)
    return request.environ.get("CONTENT_LENGTH", "") not in NO_LENGTH


def _id_of(request: Request) -> str | None:
    return request_id.given(request.environ.get(request_id.IN_ENVIRON))


def _head_of(request: Request) -> Head:
    get = request.environ.get
    return Head(
        request.method,
        request.query_string,
        get("CONTENT_TYPE", ""),
        get("HTTP_CONTENT_ENCODING", ""),
        get("HTTP_IDEMPOTENCY_KEY"),
    )
