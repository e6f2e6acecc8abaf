"""What a listener gets: messages, and the notice that some are missing."""

import json
from dataclasses import dataclass
from typing import Any

from message_center_client.errors import NotUnderstood


@dataclass(frozen=True)
class Message:
    """One message. `content` is text, or the value that was pushed as JSON.

    `channel` is the one through which it came, None if it was pushed to everybody. `time` is
    when it entered the log, in milliseconds since 1970. `event` is None if it was pushed without.
    """

    id: str
    content: Any
    channel: str | None
    time: int
    event: str | None = None


@dataclass(frozen=True)
class Gap:
    """What came after the message `after`, up to `id`, is missing; `reason` is for people."""

    id: str
    after: str
    reason: str


@dataclass(frozen=True)
class Notice:
    """Anything else that the server says: `kind` is `welcome`, `cursor` or a new one.

    A welcome says the id of the connection.
    """

    kind: str
    id: str
    connection: str = ""


def read(text: str) -> Message | Gap | Notice:
    """What stands in one frame.

    Raises:
        NotUnderstood: it is none of message-center.
    """
    try:
        fields = json.loads(text)
        if "type" not in fields:
            id_, content, channel = fields["id"], fields["content"], fields["channel"]
            return Message(id_, content, channel, fields["time"], fields.get("event"))
        if fields["type"] == "gap":
            return Gap(fields["id"], fields["after"], fields["reason"])
        return Notice(fields["type"], fields.get("id", ""), fields.get("connection", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise NotUnderstood(f"this is no frame of message-center: {text[:100]!r}") from problem
