"""A WebSocket client for tests: blocking, bare, and able to break every rule.

It hides nothing: no automatic pong, no automatic close.
"""

import base64
import os
import socket
import struct
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Self

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
LIMIT = 30.0  # Seconds; generous, for a noisy machine: nobody waits for it when all is well.

Secure = Callable[[socket.socket], socket.socket]


def request(port: int, path: str = "/", headers: Mapping[str, str] | None = None) -> bytes:
    """A handshake; `headers`, as {"sec_websocket_version": "8"}, replace the right ones."""
    lines = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-Websocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-Websocket-Version": "13",
    }
    given = headers or {}
    lines.update({name.replace("_", "-").title(): value for name, value in given.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"GET {path} HTTP/1.1\r\n{head}\r\n".encode()


def frame(opcode: int, payload: bytes, *, fin: bool = True, mask: bool = True) -> bytes:
    """A client frame (RFC 6455 5.2)."""
    flag, size = (0x80 if mask else 0), len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + struct.pack("!H", size)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", size)
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class Closed(Exception):
    """The server has sent a close frame, with this code."""

    def __init__(self, payload: bytes) -> None:
        super().__init__(payload)
        self.code = int.from_bytes(payload[:2])


def as_it_is(plain: socket.socket) -> socket.socket:
    """No TLS."""
    return plain


class Client:
    """One connection to `port`; `early` is sent in one piece with the handshake.

    `secure` makes a connected socket one with TLS.
    """

    def __init__(
        self,
        port: int,
        path: str = "/",
        *,
        early: bytes = b"",
        receive_buffer: int | None = None,
        headers: Mapping[str, str] | None = None,
        secure: Secure = as_it_is,
    ) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(LIMIT)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket = secure(self.socket)
        self._buffer = b""
        self.socket.sendall(request(port, path, headers) + early)
        head = self._read_until(b"\r\n\r\n").decode()
        self.status = int(head.split(" ", 2)[1])
        self.head = head

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True) -> None:
        """Send one frame."""
        self.socket.sendall(frame(opcode, payload, fin=fin))

    def receive(self, limit: float = LIMIT) -> tuple[int, bytes]:
        """The next frame, whatever it is; TimeoutError after `limit` seconds."""
        self.socket.settimeout(limit)
        first, second = self._take(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(self._take(2))
        elif size == 127:
            size = int.from_bytes(self._take(8))
        return first & 0x0F, self._take(size)

    def texts(self, count: int, limit: float = LIMIT) -> list[str]:
        """The next `count` text messages; pings are passed over, a close raises `Closed`."""
        found: list[str] = []
        end = monotonic() + limit
        while len(found) < count:
            opcode, payload = self.receive(max(0.01, end - monotonic()))
            if opcode == TEXT:
                found.append(payload.decode())
            if opcode == CLOSE:
                raise Closed(payload)
        return found

    def texts_upto(self, last: str) -> list[str]:
        """The text messages up to and with `last`."""
        found = self.texts(1)
        while found[-1] != last:
            found += self.texts(1)
        return found

    def close_code(self, limit: float = LIMIT) -> int:
        """The code of the close frame that comes, whatever comes before it."""
        end = monotonic() + limit
        while True:
            opcode, payload = self.receive(max(0.01, end - monotonic()))
            if opcode == CLOSE:
                return int.from_bytes(payload[:2])

    def is_at_end(self, limit: float = LIMIT) -> bool:
        """Whether the server ends the TCP connection, nothing more being sent."""
        self.socket.settimeout(limit)
        try:
            return self._buffer == b"" and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def rest(self) -> bytes:
        """Everything up to the end of the stream."""
        while more := self.socket.recv(65536):
            self._buffer += more
        return self._buffer

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._read()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _read_until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._read()
        taken, _, self._buffer = self._buffer.partition(mark)
        return taken

    def _read(self) -> None:
        more = self.socket.recv(1 << 20)
        if not more:
            raise EOFError(f"the server closed; {self._buffer!r} was left")
        self._buffer += more
