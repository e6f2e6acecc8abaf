"""WebSocket frames of the server (RFC 6455), and the formats that are made of them.

Frames are never masked, never fragmented, never compressed. They are made once for a message, not
once for a client. No sockets here.
"""

from struct import Struct

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

TEXT = 0x1
BINARY = 0x2
CLOSE = 0x8
PING = 0x9
PONG = 0xA

FIN = 0x80
_short, _medium, _long = (Struct(head).pack for head in ("!BB", "!BBH", "!BBQ"))  # Heads.
UNSENT_CODES = (1004, 1005, 1006, 1015)
LONGEST_CLOSE_REASON = 123  # RFC 6455 5.5: a control frame carries 125 bytes, 2 are the code.


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame (RFC 6455 5.2)."""
    length = len(payload)
    if length < 126:
        return _short(FIN | opcode, length) + payload
    if length < 65536:
        return _medium(FIN | opcode, 126, length) + payload
    return _long(FIN | opcode, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; a reason that is too long is cut at a character (RFC 6455 5.5.1).

    Raises:
        ValueError: the code is none that may be sent (RFC 6455 7.4).
    """
    if not 1000 <= code < 5000 or code in UNSENT_CODES:
        raise ValueError(f"{code} is no close code that may be sent")
    cut = reason.encode()[:LONGEST_CLOSE_REASON].decode(errors="ignore")
    return frame(CLOSE, code.to_bytes(2) + cut.encode())


class Frames:
    """WebSocket frames (RFC 6455)."""

    is_websocket = True
    shows_channel = has_ids = has_welcome = has_frame_by_channel = False
    welcome_is_first = False
    text_pong: str | None = None

    def reply(self, data: str | bytes) -> bytes:
        return frame(TEXT, data.encode()) if isinstance(data, str) else frame(BINARY, data)

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:  # noqa: ARG002
        return b""

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:  # noqa: ARG002
        return frame(PING, b"" if confirm is None else str(confirm).encode())

    def farewell(self, close: CloseCode) -> bytes:
        return close_frame(close.code, close.reason)


class TextFrames(Frames):
    """What clients of the original expect: text frames of the prefix and the content, no others."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:  # noqa: ARG002
        prefix = self._prefix
        # As `valid_utf8` does it: the call for each message would take a tenth more.
        return [
            frame(TEXT, prefix + (content if content.isascii() else valid_utf8(content)))
            for content in page.contents
        ]

    def welcome(self, *_: object, **__: object) -> bytes:
        return b""

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:  # noqa: ARG002
        return None


class JsonFrames(Frames):
    """One JSON object a frame; what is no message has a `type`."""

    shows_channel = has_ids = has_welcome = True

    def messages(self, epoch: str, page: Page, names: Names = None) -> list[bytes]:
        return [frame(TEXT, body) for body in messages_as_json(epoch, page, names)]

    def welcome(
        self,
        at: Mark,
        channels: Channels,
        *,
        complete: bool,
        again: int | None = None,
        connection: str = "",
        session: str = "",  # noqa: ARG002
    ) -> bytes:
        fields = welcome_fields(at, channels, connection, complete=complete)
        return self.answer("welcome", fields if again is None else {**fields, "again": again})

    def gap(self, at: Mark, after: str | None, reason: str) -> bytes | None:
        return self.answer("gap", {"id": str(at), "after": after, "reason": reason})

    def answer(self, kind: str, fields: dict[str, object]) -> bytes:
        return frame(TEXT, as_json({"type": kind, **fields}))

    def ping(self, at: Mark | None = None, confirm: Mark | None = None) -> bytes:
        told = b"" if at is None else self.answer("cursor", {"id": str(at)})
        return told + super().ping(confirm=confirm)
