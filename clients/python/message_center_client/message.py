"""What a listener gets: messages, and the notice that some are missing."""

import json
from dataclasses import dataclass
from typing import Any

from message_center_client.errors import NotUnderstood


@dataclass(frozen=True)
class Message:
    """One message. `content` is text, or the value that was pushed as JSON.

    `channel` is the one through which it came, None if it was pushed to everybody. `time` is
    when it entered the log, in milliseconds since 1970.
    """

    id: str
    content: Any
    channel: str | None
    time: int


@dataclass(frozen=True)
class Gap:
    """What came after the message `after`, up to `id`, is missing; `reason` is for people."""

    id: str
    after: str
    reason: str


@dataclass(frozen=True)
class Notice:
    """Anything else that the server says: `kind` is `welcome`, `cursor` or a new one."""

    kind: str
    id: str


def read(text: str) -> Message | Gap | Notice:
    """What stands in one frame.

    Raises:
        NotUnderstood: it is none of message-center.
    """
    try:
        fields = json.loads(text)
        if "type" not in fields:
            return Message(fields["id"], fields["content"], fields["channel"], fields["time"])
        if fields["type"] == "gap":
            return Gap(fields["id"], fields["after"], fields["reason"])
        return Notice(fields["type"], fields.get("id", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise NotUnderstood(f"this is no frame of message-center: {text[:100]!r}") from problem
