"""What clients are sent: text or JSON, as WebSocket frames or as Server-Sent Events.

A format turns messages into bytes, once for all clients that want it, and knows
how to say everything else there is to say. No sockets here, and no Redis.
"""

import json
import random
from collections.abc import Mapping, Sequence
from itertools import repeat
from json.encoder import encode_basestring
from typing import Protocol

from common.message import Mark
from common.page import Page
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.frames import BINARY, PING, TEXT, close_frame, frame

# Milliseconds before an EventSource comes back: not all of them at once.
FIRST_RETRY, LAST_RETRY = 500, 2500

Names = Sequence[str | None] | None
Channels = frozenset[str]


class Format(Protocol):
    """Everything that can be said to a client."""

    is_websocket: bool
    takes_commands: bool  # What the client says may be a command to this server.
    shows_channel: bool

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        """Each message of a page; `names` are the channels that each is said to come from."""

    def welcome(self, at: Mark, channels: Channels, *, complete: bool) -> bytes:
        """The first thing that is said, if anything."""

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        """That messages are missing, and it goes on after `at`; None if it cannot be said."""

    def reply(self, data: str | bytes) -> bytes:
        """What a hook sends to one client."""

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:
        """To a command; nothing if the format takes none."""

    def ping(self, at: Mark | None = None) -> bytes:
        """A sign of life, and that nothing up to `at` was for the client: it can resume there."""

    def farewell(self, close: CloseCode) -> bytes:
        """The last thing that is said."""


class Frames:
    """WebSocket frames (RFC 6455)."""

    is_websocket = True
    takes_commands = shows_channel = False

    def reply(self, data: str | bytes) -> bytes:
        return frame(TEXT, data.encode()) if isinstance(data, str) else frame(BINARY, data)

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:  # noqa: ARG002
        return b""

    def ping(self, at: Mark | None = None) -> bytes:  # noqa: ARG002
        return frame(PING, b"")

    def farewell(self, close: CloseCode) -> bytes:
        return close_frame(close.code, close.reason)


class TextFrames(Frames):
    """The original's: a text frame of the prefix and the content, and nothing else."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:  # noqa: ARG002
        prefix = self._prefix
        return [frame(TEXT, prefix + valid_utf8(content)) for content in page.contents]

    def welcome(self, at: Mark, channels: Channels, *, complete: bool) -> bytes:  # noqa: ARG002
        return b""

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:  # noqa: ARG002
        return None


class JsonFrames(Frames):
    """One JSON object a frame; what is no message has a `type`."""

    takes_commands = shows_channel = True

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        return [frame(TEXT, body) for body in _json_bodies(epoch, page, names)]

    def welcome(self, at: Mark, channels: Channels, *, complete: bool) -> bytes:
        return self.answer("welcome", _welcome(at, channels, complete=complete))

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        return self.answer("gap", {"id": str(at), "after": after, "reason": reason})

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:
        return frame(TEXT, _json({"type": kind, **fields}))

    def ping(self, at: Mark | None = None) -> bytes:
        told = b"" if at is None else self.answer("cursor", {"id": str(at)})
        return told + super().ping()


class Events:
    """Server-Sent Events (WHATWG HTML 9.2); an EventSource resumes with the last `id`."""

    is_websocket = takes_commands = shows_channel = False

    def welcome(self, at: Mark, channels: Channels, *, complete: bool) -> bytes:
        retry = b"retry: %d\n" % random.randint(FIRST_RETRY, LAST_RETRY)
        return retry + _event("welcome", at, _welcome(at, channels, complete=complete))

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        return _event("gap", at, {"id": str(at), "after": after, "reason": reason})

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:  # noqa: ARG002
        return b""

    def reply(self, data: str | bytes) -> bytes:
        text = data if isinstance(data, str) else data.decode(errors="replace")
        return _data(text.encode()) + b"\n"

    def ping(self, at: Mark | None = None) -> bytes:
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
        bodies = _json_bodies(epoch, page, names)
        return [
            b"%b%b\ndata: %b\n\n" % (start, id_, body)
            for id_, body in zip(page.ids, bodies, strict=True)
        ]


def all_formats(prefix: str) -> Mapping[str, Format]:
    """By name: what `Listen.format_name` makes."""
    return {
        "text": TextFrames(prefix),
        "json": JsonFrames(),
        "text-events": TextEvents(prefix),
        "json-events": JsonEvents(),
    }


def valid_utf8(content: bytes) -> bytes:
    """`content` with U+FFFD for what is no UTF-8: browsers close at an invalid text frame."""
    if content.isascii():
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode(errors="replace").encode()
    return content


def _json_bodies(epoch: str, page: Page, names: Names) -> list[bytes]:
    start = '{"id":"' + epoch + "-"
    bodies = []
    for id_, content, name in zip(page.ids, page.contents, names or repeat(None), strict=False):
        channel = f'"{name}"' if name else "null"  # Nothing in a name needs escaping.
        at = id_.decode()
        text = encode_basestring(content.decode("utf-8", "replace"))
        time = at.partition("-")[0]
        bodies.append(f'{start}{at}","channel":{channel},"content":{text},"time":{time}}}'.encode())
    return bodies


def _welcome(at: Mark, channels: Channels, *, complete: bool) -> dict[str, object]:
    return {"id": str(at), "complete": complete, "channels": sorted(channels)}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _event(name: str, at: Mark, data: dict[str, object]) -> bytes:
    return f"id: {at}\nevent: {name}\ndata: ".encode() + _json(data) + b"\n\n"


def _data(text: bytes) -> bytes:
    """A line for each line: the format has no other way to carry a line break."""
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    return b"".join(b"data: %b\n" % line for line in lines)
