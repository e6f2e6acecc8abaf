"""What a push means: a request in, what goes on the queue or a refusal out. No I/O here.

The head is read first, so that what is wrong with it is said before a body is waited for. It
knows no server and no framework: each of those who take a push asks here.
"""

import math
import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from common.json_content import holds_more, text_of
from common.message import Tracked, item_of
from common.refused import Refused
from http_api.reading import documents, forms, params, recipients
from http_api.reading.head import NDJSON_TYPES, Head, content_type_of
from http_api.reading.limits import BATCH_LINES, BATCH_MESSAGES, BATCH_VALUES, Limits
from http_api.reading.params import Source

ENTRY_FIELDS = recipients.KNOWN
AT_A_TIME = 128  # Messages of a batch, before others may have a turn.

# The item on the queue, and the id if there is one: Tracked, if a receipt is asked for.
Entry = tuple[bytes, str | None]


def read_push(head: Head, body: bytes, limits: Limits) -> Entry | None:
    """What a push queues; None if its content is missing or empty.

    Raises:
        Refused: something of it is wrong.
    """
    return read_rest(head, read_head(head, limits), body, limits)


def read_head(head: Head, limits: Limits) -> Source:
    """The parameters of the query. What is refused here is refused before a body is read.

    Raises:
        Refused: it cannot be read, or the body could not.
    """
    query = forms.of_query(head.query, limits)
    if head.method == "POST":
        params.refuse_encoding(head)
    return query


def read_rest(head: Head, query: Source, body: bytes, limits: Limits) -> Entry | None:
    """The same, with the parameters of the query, which `read_head` has read.

    Raises:
        Refused: something of it is wrong.
    """
    # The body before the query: the first that has a parameter wins.
    sources = _sources(params.of_body(head, query, body, limits), query) if body else (query,)
    content = _text(_first(sources, "content"))
    if not content:
        return None
    # Mostly the content is the only field: then there is no need to look for others.
    is_plain = len(sources) == 1 and len(sources[0]) == 1
    to = () if is_plain else recipients.of_fields(sources, limits.channels)
    if limits.scope is not None:
        limits.scope.refuse_push(to)
    if is_plain and head.idempotency_key is None:
        return _item(content, to, limits), None
    id_ = _id_of(head, sources)
    if params.asks_for_receipt(_first(sources, "receipt")):
        id_ = Tracked(id_ or new_id())
    return _item(content, to, limits, id_, _more_of(sources)), id_


def read_batch_head(head: Head, limits: Limits) -> None:
    """Look at all of a batch but its body.

    Raises:
        Refused: something of it is wrong.
    """
    params.refuse_common(head, limits)
    params.refuse_encoding(head)


def read_batch(head: Head, body: bytes, limits: Limits) -> Iterator[list[Entry]]:
    """What the body of a batch queues, a few at a time. All of it counts, or nothing.

    Raises:
        Refused: a message (its `index` says which) or the whole is wrong.
    """
    # Each is read when its turn comes: nothing after the first bad one is read.
    entries = enumerate(_entries(head, body))
    read = (_entry(entry, index, limits) for index, entry in entries)
    count = 0
    while some := list(islice(read, AT_A_TIME)):
        count += len(some)
        if count > BATCH_MESSAGES:
            raise _too_large(f"more than {BATCH_MESSAGES} messages")
        yield some
    if not count:
        raise Refused("empty_batch", "the batch holds no message")


def new_id() -> str:
    """The id of a push that asks for a receipt and has none: nobody else has it."""
    return secrets.token_hex(12)


def id_reused(index: int | None = None) -> Refused:
    """The refusal of an id that stands for something else; `index` in a batch."""
    reason = "the id was given to other content, or for others, before"
    return Refused("id_reused", reason, index=index)


def _sources(form: Source, query: Source) -> Sequence[Source]:
    return (form, query) if query else (form,)


def _first(sources: Sequence[Source], name: str) -> Any:
    for source in sources:
        if name in source:
            return source[name]
    return None


def _more_of(sources: Sequence[Source]) -> str:
    for source in sources:
        if "event" in source or "except" in source:
            return params.more_of(_first(sources, "event"), _first(sources, "except"))
    return ""


def _id_of(head: Head, sources: Sequence[Source]) -> str | None:
    header = params.id_in_header(head.idempotency_key)
    given = params.checked_id(_first(sources, "id"))
    if header and given and header != given:
        raise Refused("bad_id", "Idempotency-Key and the parameter id differ")
    return header or given


def _entries(head: Head, body: bytes) -> Iterator[Any]:
    kind = content_type_of(head.content_type)
    if kind.mimetype in NDJSON_TYPES:
        text = params.json_text(kind, body)
        if text.count("\n") > BATCH_LINES:
            raise _too_large(f"more than {BATCH_LINES} lines")
        return documents.read_lines(text)
    if not kind.is_json:
        raise params.unsupported(kind, "application/json or application/x-ndjson")
    text = params.json_text(kind, body)
    if holds_more(text, BATCH_VALUES):
        raise _too_large(f"more than {BATCH_VALUES} values")
    entries = documents.read_bounded(text)
    if not isinstance(entries, list):
        raise Refused("json_not_array", "the JSON body must be an array")
    if len(entries) > BATCH_MESSAGES:
        raise _too_large(f"{len(entries)} messages")
    return iter(entries)


def _entry(entry: Any, index: int, limits: Limits) -> Entry:
    try:
        fields = _entry_fields(entry)
        content = _text(fields.get("content"))
        if not content:
            raise Refused("content_empty", "内容不能为空")
        # A single field is the content. Not looking for others saves a tenth of the time.
        to = recipients.of_fields([fields], limits.channels) if len(fields) > 1 else ()
        if limits.scope is not None:
            limits.scope.refuse_push(to)
        id_ = params.checked_id(fields.get("id"))
        if "receipt" in fields and params.asks_for_receipt(fields["receipt"]):
            if id_ is None:
                raise Refused("bad_receipt", "in a batch, who asks for a receipt gives an id")
            id_ = Tracked(id_)
        return _item(content, to, limits, id_, _more_of((fields,))), id_
    except Refused as refused:
        raise refused.of_item(index) from None


def _item(
    content: str,
    channels: tuple[str, ...],
    limits: Limits,
    id_: str | None = None,
    more: str = "",
) -> bytes:
    try:
        raw = content.encode()
    except UnicodeEncodeError:
        raise Refused("content_not_text", "content holds half of a surrogate pair") from None
    if len(raw) > limits.content_bytes:
        raise Refused(
            "content_too_large",
            f"content has {len(raw)} bytes; at most {limits.content_bytes} are allowed",
        )
    return item_of(content, raw, channels, id_, more)


def _text(value: Any) -> str:
    """The content as PHP would have queued it: text as it is, numbers as their digits.

    JsonText if it is an object or a list, which arrives as a value.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(value)
    if isinstance(value, dict | list):
        return text_of(value)
    kind = str(value).lower() if isinstance(value, bool) else "a number too large"
    raise Refused("content_not_text", f"content must be text or JSON, not {kind}")


def _entry_fields(entry: Any) -> dict[str, Any]:
    if isinstance(entry, list):  # Mostly a batch in a batch, whose messages are for some only.
        raise Refused("content_not_text", "a list is no message: send it as content")
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
