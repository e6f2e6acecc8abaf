"""What the HTTP API tells of pushes in its log: for whom, how long, by whom; never what.

No I/O but logging.
"""

import json
import logging

from common.journal.kind import Kind
from common.message import ENVELOPE_MARK

MOST_NAMED = 5  # Recipients.


def pushes(log: logging.Logger) -> Kind:
    """The lines of pushes."""
    return Kind(log, "push")


def tell_push(kind: Kind, item: bytes, by: str | None, request: str | None) -> None:
    """One message; `item` is what went onto the queue."""
    to, size = _described(item)
    kind.tell("push to %s", to, bytes=size, by=by, request=request)


def tell_batch(kind: Kind, count: int, by: str | None, request: str | None) -> None:
    """A batch of messages."""
    kind.tell("push of %d messages", count, messages=count, by=by, request=request)


def tell_empty(
    refusals: Kind, method: str, address: str | None, by: str | None, request: str | None
) -> None:
    """A push without a content, which is answered 200 as the original does: it went nowhere."""
    told = {"status": 200, "error": "content_empty", "address": address, "by": by}
    refusals.tell("refused %s /push", method, **told, request=request)


def _described(item: bytes) -> tuple[str, int]:
    """The recipients in words, and the bytes of the content."""
    if not item.startswith(ENVELOPE_MARK):
        return "everybody", len(item)
    envelope = json.loads(item[1:])
    names = envelope.get("channels", ())
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    to = ", ".join(names[:MOST_NAMED]) + more
    return to or "everybody", len(envelope["content"].encode(errors="replace"))
