"""One client of a soak: what it asks for, and as much of the protocols as it must know."""

import socket
import struct
from contextlib import suppress
from random import Random
from urllib.parse import urlencode

SIP = 2048  # Bytes that a slow one reads in a second.
PING, PONG, TEXT, CLOSE = 0x89, 0x8A, 0x81, 0x88
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of an end.


class Client:
    """One of them, over one connection."""

    __slots__ = ("channels", "cursor", "form", "is_open", "line", "reads", "user")

    def __init__(self, form: str, reads: str, user: str, channels: str) -> None:
        self.form, self.reads, self.user, self.channels = form, reads, user, channels
        self.cursor = ""
        self.is_open = False
        self.line: socket.socket  # From the first `connect` on.

    @property
    def is_websocket(self) -> bool:
        return not self.form.startswith("events")

    def connect(self, port: int, token: str, last: bool) -> None:
        """Come, or come back after the last id."""
        self.line = socket.socket()
        if self.reads == "slowly":
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * SIP)
        self.line.settimeout(5)
        self.line.connect(("127.0.0.1", port))
        self.line.setblocking(False)
        self.line.send(self.request(token, last=last))
        self.is_open = True

    def request(self, token: str, *, last: bool) -> bytes:
        """What it asks for; `last`: it begins with some messages that were sent before."""
        query = {"token": token} | ({"channels": self.channels} if self.channels else {})
        if "remembered" in self.form:
            query["client"] = f"page-{self.user}"
        elif self.cursor:
            query["last_id"] = self.cursor
        elif last:
            query["last"] = "20"
        if "json" in self.form:
            query["format"] = "json"
        path = "/" if self.is_websocket else "/events"
        head = f"GET {path}?{urlencode(query)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if self.is_websocket:
            head += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        return (head + "\r\n").encode()

    def read(self, most: int) -> int:
        """Read something, and answer pings; -1 if the connection is over."""
        try:
            data = self.line.recv(most)
        except BlockingIOError:
            return 0
        except OSError:
            return -1
        if "text" not in self.form:
            self._note_cursor(data)
        if self.is_websocket:
            self._pong(data)
        return len(data) or -1

    def _note_cursor(self, data: bytes) -> None:
        mark = b'"id":"' if self.is_websocket else b"\nid: "
        at = data.rfind(mark) + len(mark)
        end = data.find(b'"' if self.is_websocket else b"\n", at)
        if at >= len(mark) and 0 < end - at < 100:
            self.cursor = data[at:end].decode()

    def _pong(self, data: bytes) -> None:
        """All contents are ASCII: nearly always such a byte is a ping, and else it does no harm."""
        at = data.find(PING)
        if at >= 0 and at + 1 < len(data) and data[at + 1] < 126:
            self.say(PONG, data[at + 2 : at + 2 + data[at + 1]])

    def say(self, kind: int, payload: bytes) -> None:
        """Send a short frame."""
        with suppress(OSError):
            self.line.send(bytes((kind, 0x80 | len(payload), 0, 0, 0, 0)) + payload)

    def leave(self, random: Random) -> None:
        """Politely, without a word, or as a network that fails."""
        way = random.choice(("close", "end", "reset"))
        if way == "close" and self.is_websocket:
            self.say(CLOSE, struct.pack(">H", 1000))
        elif way == "reset":
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.line.close()
        self.is_open = False
