"""`Push`: from a request to messages on the queue.

The two answers of the original are kept to the letter: success, and
`内容不能为空` with status 200. What Redis has not confirmed is never answered
with success. It knows Flask's request and the queue, and no route.
"""

import math
from collections.abc import Iterator
from itertools import islice
from time import monotonic, sleep
from typing import Any

from flask import Request

from common.message import Message
from common.refused import Refused
from common.store.queue import Queue
from http_api import documents, params, recipients
from http_api.bodies import Bodies
from http_api.limits import BATCH_LINES, BATCH_MESSAGES, BATCH_VALUES, Limits
from http_api.waiting import Admit

SUCCESS = {"code": 0, "msg": "success"}
CONTENT_EMPTY = {"code": -1, "msg": "内容不能为空", "error": "content_empty"}

ENTRY_FIELDS = {"content", "id", *recipients.FIELDS}
NDJSON_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson")
AT_A_TIME = 128  # Messages of a batch, between two looks at the clock.
TURN = 0.02  # Seconds that a batch is read before others have a turn.
PAUSE = 0.0001  # Not 0: gevent would come back before it has looked at sockets.


class Push:
    """The `Push` controller: `index` for one message, `batch` for many."""

    def __init__(
        self, queue: Queue, admit: Admit, bodies: Bodies, limits: Limits, idempotency_seconds: int
    ) -> None:
        self._queue = queue
        self._admit = admit
        self._bodies = bodies
        self._limits = limits
        self._idempotency_seconds = idempotency_seconds

    def index(self, request: Request) -> dict[str, Any]:
        """Queue the request's `content`; the answer is one of the original's two.

        Raises:
            Refused: something of the push is wrong; or there is no room for the body now, or too
                many wait for Redis.
            QueueUnavailable: Redis did not confirm the message.
        """
        sources = params.of_request(request, self._bodies, self._limits)
        content = _text(params.first(sources, "content"))
        if not content:
            return CONTENT_EMPTY
        # Mostly the content is the only field: then there is no need to look for others.
        is_plain = sum(map(len, sources)) == 1
        to = () if is_plain else recipients.of_fields(sources, self._limits.channels)
        item = self._item(content, to)
        if self._push([item], [params.id_of(request, sources)]) is not None:
            raise _id_reused()
        return SUCCESS

    def batch(self, request: Request) -> dict[str, Any]:
        """Queue a JSON array or NDJSON lines with one LPUSH, in their order, all or nothing.

        Raises:
            Refused: an item (its `index` says which), the whole or the query is wrong; or there
                is no room for the body now, or too many wait for Redis.
            QueueUnavailable: Redis did not confirm the batch; none of it counts as pushed.
        """
        params.refuse_common(request, self._limits)
        with self._bodies.read(request) as body:  # It counts until Redis has the messages.
            rows = self._rows(request, body)
            if not rows:
                raise Refused("empty_batch", "the batch holds no message")
            reused = self._push([item for item, _ in rows], [id_ for _, id_ in rows])
        if reused is not None:
            raise _id_reused(reused)
        return {**SUCCESS, "count": len(rows)}

    def _rows(self, request: Request, body: bytes) -> list[tuple[bytes, str | None]]:
        """The item and the id of each message; a few at a time, so that others have a turn."""
        # Each is read when its turn comes: nothing after the first bad one is read.
        entries = enumerate(self._entries(request, body))
        read = (self._batch_item(entry, index) for index, entry in entries)
        rows: list[tuple[bytes, str | None]] = []
        end = monotonic() + TURN
        while some := list(islice(read, AT_A_TIME)):
            rows += some
            if len(rows) > BATCH_MESSAGES:
                raise _too_large(f"more than {BATCH_MESSAGES} messages")
            if monotonic() > end:
                sleep(PAUSE)
                end = monotonic() + TURN
        return rows

    def _entries(self, request: Request, body: bytes) -> Iterator[Any]:
        if request.mimetype in NDJSON_TYPES:
            text = params.json_text(request, body)
            if text.count("\n") > BATCH_LINES:
                raise _too_large(f"more than {BATCH_LINES} lines")
            return documents.read_lines(text)
        if not request.is_json:
            raise params.unsupported(request, "application/json or application/x-ndjson")
        text = params.json_text(request, body)
        if documents.holds_more(text, BATCH_VALUES):
            raise _too_large(f"more than {BATCH_VALUES} values")
        entries = documents.read_bounded(text)
        if not isinstance(entries, list):
            raise Refused("json_not_array", "the JSON body must be an array")
        if len(entries) > BATCH_MESSAGES:
            raise _too_large(f"{len(entries)} messages")
        return iter(entries)

    def _push(self, items: list[bytes], ids: list[str | None]) -> int | None:
        with self._admit(len(items)):
            if any(ids):
                return self._queue.push_once(items, ids, self._idempotency_seconds)
            self._queue.push(items)
        return None

    def _batch_item(self, entry: Any, index: int) -> tuple[bytes, str | None]:
        try:
            fields = _entry_fields(entry)
            content = _text(fields.get("content"))
            if not content:
                raise Refused("content_empty", "内容不能为空")
            # A single field is the content. Not looking for others saves a tenth of the time.
            to = recipients.of_fields([fields], self._limits.channels) if len(fields) > 1 else ()
            return self._item(content, to), params.checked_id(fields.get("id"))
        except Refused as refused:
            raise refused.of_item(index) from None

    def _item(self, content: str, channels: tuple[str, ...]) -> bytes:
        try:
            size = len(content.encode())
        except UnicodeEncodeError:
            raise Refused("content_not_text", "content holds half of a surrogate pair") from None
        if size > self._limits.content_bytes:
            raise Refused(
                "content_too_large",
                f"content has {size} bytes; at most {self._limits.content_bytes} are allowed",
            )
        return Message(content, channels).to_item()


def _text(value: Any) -> str:
    """The content as PHP would have queued it: text as it is, numbers as their digits."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(value)
    raise Refused("content_not_text", f"content must be text, not {_kind(value)}")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return {list: "a list", float: "a number too large"}.get(type(value), "an object")


def _entry_fields(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {"content": entry}
    for name in entry:
        # Recipients that are misspelled must not become a push to everybody.
        if name not in ENTRY_FIELDS:
            reason = f"there is no field {recipients.shown(name)}"
            raise Refused("unknown_field", reason)
    if type(entry) is not dict:  # Few have a name twice, and these are of a class of their own.
        documents.refuse_repeated(entry)
    return entry


def _too_large(reason: str) -> Refused:
    return Refused("batch_too_large", f"the batch has {reason}: send it in parts")


def _id_reused(index: int | None = None) -> Refused:
    reason = "the id was given to other content, or for others, before"
    return Refused("id_reused", reason, index=index)
