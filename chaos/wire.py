"""What a server sends, bytes in and records out: WebSocket frames and Server-Sent Events.

Bare and strict: it forgives a server nothing. No I/O here.
"""

import base64
import json
import os
import struct
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlencode

from chaos.content import LISTEN, PREFIX, channel, label_of
from chaos.records import Broken, Gap, Lost, Read, Record, Welcome

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
JSON_PROTOCOL = "message-center.json"


class Decoder(Protocol):
    """One connection's stream."""

    def request(self, port: int, last_id: str) -> bytes:
        """The request that opens it."""

    def receive(self, data: bytes) -> Iterator[Record]:
        """What these bytes complete; after a `Broken` or a `Lost` there is nothing more."""

    def answer(self) -> bytes:
        """What must be sent now: pongs, and the answer to a close."""


class Head:
    """The head of the answer, before anything else."""

    def __init__(self, status: int) -> None:
        self._wanted = status
        self._buffer = b""
        self.is_read = False

    def receive(self, data: bytes) -> tuple[Record | None, bytes]:
        """A refusal, if it is one, and the bytes after the head."""
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return None, b""
        self.is_read = True
        status = int(head.split(b" ", 2)[1])
        return (None, rest) if status == self._wanted else (Lost(f"status {status}"), b"")


class WebSocket:
    """The text format, or JSON: asked for in the query, or as a subprotocol.

    It begins with the `last` messages, or after an id.
    """

    def __init__(self, *, is_json: bool, as_protocol: bool = False, last: int = 0) -> None:
        self._is_json = is_json
        self._as_protocol = as_protocol
        self._last = last
        self._head = Head(101)
        self._buffer = bytearray()
        self._answers = b""

    def request(self, port: int, last_id: str) -> bytes:
        query = {"channels": LISTEN} | ({"last_id": last_id} if last_id else {})
        if self._last and not last_id:
            query["last"] = str(self._last)
        if self._is_json and not self._as_protocol:
            query["format"] = "json"
        headers = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Version": "13",
        }
        if self._is_json and self._as_protocol:
            headers["Sec-WebSocket-Protocol"] = JSON_PROTOCOL
        return _get(port, "/", query, headers)

    def receive(self, data: bytes) -> Iterator[Record]:
        if not self._head.is_read:
            refused, data = self._head.receive(data)
            if refused:
                yield refused
                return
        self._buffer += data
        while (frame := self._take_frame()) is not None:
            yield from self._records(*frame)

    def answer(self) -> bytes:
        answers, self._answers = self._answers, b""
        return answers

    def _take_frame(self) -> tuple[int, bytes] | None:
        held = self._buffer
        if len(held) < 2:
            return None
        size, start = held[1], 2
        if size == 126:
            size, start = int.from_bytes(held[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(held[2:10]), 10
        if len(held) < start + size:
            return None
        first, payload = held[0], bytes(held[start : start + size])
        del held[: start + size]
        return first, payload

    def _records(self, first: int, payload: bytes) -> Iterator[Record]:
        if first == 0x80 | TEXT:
            text = payload.decode(errors="replace")
            yield of_json(text) if self._is_json else Read("", _label(text))
        elif first == 0x80 | PING:
            self._answers += client_frame(PONG, payload)
        elif first == 0x80 | CLOSE:
            self._answers += client_frame(CLOSE, payload[:2])
            yield Lost(f"close {int.from_bytes(payload[:2])}")
        elif first != 0x80 | PONG:
            yield Broken(f"a frame that begins with {first:#x}")


class Events:
    """Server-Sent Events, read as an EventSource reads them."""

    def __init__(self, *, is_json: bool, as_header: bool = True) -> None:
        self._is_json = is_json
        self._as_header = as_header
        self._head = Head(200)
        self._buffer = b""
        self._id = self._name = ""
        self._lines: list[str] = []

    def request(self, port: int, last_id: str) -> bytes:
        query = {"channels": LISTEN} | ({"format": "json"} if self._is_json else {})
        headers = {"Accept": "text/event-stream"}
        if last_id and self._as_header:
            headers["Last-Event-ID"] = last_id
        elif last_id:
            query["last_id"] = last_id
        return _get(port, "/events", query, headers)

    def receive(self, data: bytes) -> Iterator[Record]:
        if not self._head.is_read:
            refused, data = self._head.receive(data)
            if refused:
                yield refused
                return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line:
                self._take_line(line.decode(errors="replace"))
            elif self._lines or self._name:
                yield self._event()

    def answer(self) -> bytes:
        return b""

    def _take_line(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._lines.append(value)
        elif field == "event":
            self._name = value
        elif field == "id":
            self._id = value

    def _event(self) -> Record:
        name, text = self._name, "\n".join(self._lines)
        self._name, self._lines = "", []
        if name:
            return of_json(text, name, self._id)
        return of_json(text, "", self._id) if self._is_json else Read(self._id, _label(text))


def of_json(text: str, name: str = "", id_: str | None = None) -> Record:
    """A message, or what is told about them; `name` and `id_` as the event has them."""
    try:
        said = json.loads(text)
        if id_ is not None and said["id"] != id_:
            return Broken(f"the event {id_} carries {said['id']}")
        return _of_object(said, name or said.get("type", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        return Broken(f"{type(problem).__name__} in {text[:200]!a}")


def _of_object(said: dict[str, Any], name: str) -> Record:
    if name == "welcome":
        return Welcome(said["id"], said["complete"])
    if name == "gap":
        return Gap(said["id"], said["after"] or "", said["reason"])
    if name or set(said) != {"id", "channel", "content", "time"}:
        return Broken(f"no message: {said!a:.200}")
    label = label_of(said["content"])
    if said["channel"] != channel(label):
        return Broken(f"{label} came through {said['channel']!a}")
    return Read(said["id"], label)


def client_frame(opcode: int, payload: bytes) -> bytes:
    """A frame of a client that is not long, masked as it must be."""
    key = os.urandom(4)
    masked = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
    return bytes([0x80 | opcode]) + length + key + masked


def _label(text: str) -> str:
    if not text.startswith(PREFIX):
        return f"?no prefix: {text[:40]!a}"
    return label_of(text.removeprefix(PREFIX))


def _get(port: int, path: str, query: dict[str, str], headers: dict[str, str]) -> bytes:
    target = f"{path}?{urlencode(query)}" if query else path
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{''.join(lines)}\r\n".encode()
