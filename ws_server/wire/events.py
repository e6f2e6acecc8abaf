"""The formats of Server-Sent Events, for an EventSource (WHATWG HTML 9.2). No sockets here."""

import random

from common.message import Mark
from common.page import Page
from ws_server.wire.bodies import (
    Channels,
    Names,
    as_json,
    messages_as_json,
    valid_utf8,
    welcome_fields,
)
from ws_server.wire.close_codes import CloseCode

# Milliseconds before an EventSource comes back: not all of them at once.
FIRST_RETRY, LAST_RETRY = 500, 2500


class Events:
    """Server-Sent Events (WHATWG HTML 9.2); an EventSource resumes with the last `id`."""

    is_websocket = shows_channel = has_frame_by_channel = welcome_is_first = False
    has_ids = has_welcome = True
    text_pong: str | None = None

    def welcome(
        self,
        at: Mark,
        channels: Channels,
        *,
        complete: bool,
        again: int | None = None,  # noqa: ARG002
        connection: str = "",
        session: str = "",  # noqa: ARG002
    ) -> bytes:
        retry = b"retry: %d\n" % random.randint(FIRST_RETRY, LAST_RETRY)
        fields = welcome_fields(at, channels, connection, complete=complete)
        return retry + _event("welcome", at, fields)

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        return _event("gap", at, {"id": str(at), "after": after, "reason": reason})

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:  # noqa: ARG002
        return b""

    def reply(self, data: str | bytes) -> bytes:
        text = data if isinstance(data, str) else data.decode(errors="replace")
        return _data(text.encode()) + b"\n"

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:  # noqa: ARG002
        # An id without data is kept by an EventSource, and nothing is dispatched.
        return b":\n\n" if at is None else f"id: {at}\n\n".encode()

    def farewell(self, close: CloseCode) -> bytes:  # noqa: ARG002
        return b""  # The end of the stream says it: an EventSource comes back.


class TextEvents(Events):
    """The data is the prefix and the content."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:  # noqa: ARG002
        start = b"id: " + epoch.encode() + b"-"
        return [
            b"%b%b\n%b\n" % (start, id_, _data(self._prefix + valid_utf8(content)))
            for id_, content in zip(page.ids, page.contents, strict=True)
        ]


class JsonEvents(Events):
    """The data is the same JSON object as in a frame."""

    shows_channel = True

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        start = b"id: " + epoch.encode() + b"-"
        bodies = messages_as_json(epoch, page, names)
        return [
            b"%b%b\ndata: %b\n\n" % (start, id_, body)
            for id_, body in zip(page.ids, bodies, strict=True)
        ]


def _event(name: str, at: Mark, data: dict[str, object]) -> bytes:
    return f"id: {at}\nevent: {name}\ndata: ".encode() + as_json(data) + b"\n\n"


def _data(text: bytes) -> bytes:
    """A line for each line: the format has no other way to carry a line break."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"".join(b"data: %b\n" % line for line in lines)
