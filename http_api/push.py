"""`Push`: from a request to messages on the queue.

The two answers of the original are kept to the letter: success, and
`内容不能为空` with status 200. What Redis has not confirmed is never answered
with success. It knows Flask's request and the queue, and no route.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import BadRequest

from common.errors import PushRefused
from common.message import Message
from http_api import addresses, push_id

SUCCESS = {"code": 0, "msg": "success"}
CONTENT_EMPTY = {"code": -1, "msg": "内容不能为空"}

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MAX_FIELDS = 1000  # As werkzeug allows in multipart.
ENTRY_FIELDS = {"content", "id", *addresses.FIELDS}
NDJSON_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson")


class Queue(Protocol):
    """The pushing half of `common.broker.Broker`."""

    def push(self, items: list[bytes]) -> None:
        """Queue all items or none; QueueUnavailable if that is not certain."""

    def push_once(self, items: list[bytes], ids: Sequence[str | None], seconds: int) -> int | None:
        """`push` of what is new by its id; the place of an id that stands for another item."""


class Push:
    """The `Push` controller: `index` for one message, `batch` for many."""

    def __init__(
        self,
        queue: Queue,
        max_content_bytes: int,
        max_batch_messages: int,
        idempotency_seconds: int,
        max_channels: int,
    ) -> None:
        self._queue = queue
        self._max_content_bytes = max_content_bytes
        self._max_batch_messages = max_batch_messages
        self._idempotency_seconds = idempotency_seconds
        self._max_channels = max_channels

    def index(self, request: Request) -> dict[str, Any]:
        """Queue the request's `content`; the answer is one of the original's two.

        Raises:
            PushRefused: the content, an address, the id or the body is not acceptable.
            QueueUnavailable: Redis did not confirm the message.
        """
        params = _params(request)
        content = _text(_param(params, "content"))
        if not content:
            return CONTENT_EMPTY
        item = self._item(content, addresses.of_params(params, self._max_channels))
        id_ = push_id.of_request(request, _param(params, "id"))
        if self._push([item], [id_]) is not None:
            raise _id_reused()
        return SUCCESS

    def batch(self, request: Request) -> dict[str, Any]:
        """Queue a JSON array or NDJSON lines with one LPUSH, in their order, all or nothing.

        Raises:
            PushRefused: an item (see its `index`) or the whole is not acceptable.
            QueueUnavailable: Redis did not confirm the batch; none of it counts as pushed.
        """
        push_id.refuse_header(request)
        entries = _batch_entries(request)
        if not entries:
            raise PushRefused(422, "empty_batch", "the batch holds no message")
        if len(entries) > self._max_batch_messages:
            raise PushRefused(
                413,
                "batch_too_large",
                f"{len(entries)} messages; at most {self._max_batch_messages} are allowed",
            )
        rows = [self._batch_item(entry, index) for index, entry in enumerate(entries)]
        reused = self._push([item for item, _ in rows], [id_ for _, id_ in rows])
        if reused is not None:
            raise _id_reused(reused)
        return {**SUCCESS, "count": len(rows)}

    def _push(self, items: list[bytes], ids: list[str | None]) -> int | None:
        if any(ids):
            return self._queue.push_once(items, ids, self._idempotency_seconds)
        self._queue.push(items)
        return None

    def _batch_item(self, entry: Any, index: int) -> tuple[bytes, str | None]:
        try:
            fields = _entry_fields(entry)
            content = _text(fields.get("content"))
            if not content:
                raise PushRefused(422, "content_empty", "内容不能为空")
            # A single field is the content: not to look for others saves a tenth of a batch's time.
            to = addresses.of_fields([fields], self._max_channels) if len(fields) > 1 else ()
            return self._item(content, to), push_id.checked(fields.get("id"))
        except PushRefused as refused:
            raise PushRefused(refused.status, refused.error, refused.reason, index) from None

    def _item(self, content: str, channels: tuple[str, ...]) -> bytes:
        try:
            size = len(content.encode())
        except UnicodeEncodeError:
            raise PushRefused(
                422, "content_not_text", "content holds half of a surrogate pair"
            ) from None
        if size > self._max_content_bytes:
            raise PushRefused(
                413,
                "content_too_large",
                f"content has {size} bytes; at most {self._max_content_bytes} are allowed",
            )
        return Message(content, channels).to_item()


def _whole_body(request: Request) -> bytes:
    """The body, kept for the parsers of forms and JSON; one that was cut short is no push."""
    data = request.get_data(parse_form_data=False)
    if request.content_length is not None and len(data) < request.content_length:
        raise PushRefused(400, "body_cut_short", "the body ended before its Content-Length")
    return data


def _params(request: Request) -> list[Mapping[str, Any]]:
    """Where parameters are, the first that has one wins: as ThinkPHP's `param()` merges."""
    if request.method == "POST":
        return [_body(request, query_suffices="content" in request.args), request.args]
    return [request.args]


def _param(params: list[Mapping[str, Any]], name: str) -> Any:
    for source in params:
        if name in source:
            return source[name]
    return None


def _body(request: Request, *, query_suffices: bool) -> Mapping[str, Any]:
    data = _whole_body(request)
    if not data:
        return {}
    if request.mimetype == URLENCODED:
        return _form(data)
    if request.mimetype == MULTIPART:
        return request.form
    if request.is_json:
        document = _json(request)
        if not isinstance(document, dict):
            raise PushRefused(422, "json_not_object", "the JSON body must be an object")
        return document
    if query_suffices:
        return {}
    raise PushRefused(
        415, "unsupported_media_type", f"send a form or JSON, not {request.mimetype or 'untyped'!r}"
    )


def _form(data: bytes) -> dict[str, str]:
    """As PHP reads a form: of several fields with one name, the last counts."""
    try:
        fields = parse_qsl(
            data.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError:
        raise PushRefused(422, "content_not_text", "the form is not UTF-8") from None
    except ValueError:
        raise PushRefused(
            422, "too_many_fields", f"the form has more than {MAX_FIELDS} fields"
        ) from None
    found = dict(fields)
    if len(found) < len(fields):
        addresses.refuse_repeated([name for name, _ in fields])
    return found


def _json(request: Request) -> Any:
    try:
        return request.get_json()
    except (BadRequest, RecursionError):
        raise PushRefused(422, "invalid_json", "the body is not valid JSON") from None


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
    raise PushRefused(
        422, "content_not_text", f"content must be text, not {json.dumps(value)[:40]}"
    )


def _batch_entries(request: Request) -> list[Any]:
    body = _whole_body(request)
    if request.mimetype in NDJSON_TYPES:
        lines = filter(bytes.strip, body.split(b"\n"))
        return [_ndjson_line(line, index) for index, line in enumerate(lines)]
    if not request.is_json:
        raise PushRefused(
            415, "unsupported_media_type", "send application/json or application/x-ndjson"
        )
    entries = _json(request)
    if not isinstance(entries, list):
        raise PushRefused(422, "json_not_array", "the JSON body must be an array")
    return entries


def _ndjson_line(line: bytes, index: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise PushRefused(422, "invalid_json", "the line is not valid JSON", index) from None


def _entry_fields(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {"content": entry}
    for name in entry:
        # A typo in an address must not become a push to everybody.
        if name not in ENTRY_FIELDS:
            raise PushRefused(422, "unknown_field", f"there is no field {name!r}")
    return entry


def _id_reused(index: int | None = None) -> PushRefused:
    reason = "the id was given to other content, or for others, before"
    return PushRefused(422, "id_reused", reason, index)
