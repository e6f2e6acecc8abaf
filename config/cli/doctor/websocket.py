"""One WebSocket, step by step, so that it can be told at which of them it fails.

It answers pings, as a browser does, and sends nothing else by itself.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Self

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from config.cli.doctor.route import Target
from message_center_client.errors import Closed, NotUnderstood

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 1.3.
ANSWER_TIMEOUT = 10.0  # Seconds.
READ_BYTES = 65_536
MOST_HEAD = 65_536
MOST_BODY = 4096


MESSAGE, PING, PONG = "message", "ping", "pong"


@dataclass(frozen=True, slots=True)
class Heard:
    """What has come; `text` is that of a message."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Answer:
    """To a handshake; `body` is what has come of it, if it is a refusal."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_accepted: bool

    @property
    def server(self) -> str:
        """Who says that it has answered."""
        return self.headers.get("server", "")


class WebSocket:
    """A connection to `target`; `answer` is what came of the handshake."""

    def __init__(self, target: Target, query: str, headers: Mapping[str, str]) -> None:
        self._key = base64.b64encode(os.urandom(16)).decode()
        self._protocol = Connection(ConnectionType.CLIENT)
        self._events: list[Event] = []
        self._socket = target.connect()
        try:
            self._socket.settimeout(ANSWER_TIMEOUT)
            self._socket.sendall(self._request(target, query, headers))
            self.answer = self._read_answer()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        with suppress(OSError, LocalProtocolError):
            self._socket.sendall(self._protocol.send(CloseConnection(1000)))
        self._socket.close()

    def ping(self) -> None:
        """Ask for a pong."""
        self._socket.sendall(self._protocol.send(Ping(b"doctor")))

    def next(self, end: float) -> Heard | None:
        """What comes next, a ping that was answered, too; None if nothing comes until `end`.

        Raises:
            Closed: that was the end of it.
            NotUnderstood: it is no WebSocket.
        """
        while not self._events:
            left = end - monotonic()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(READ_BYTES)
            except TimeoutError:
                return None
            except OSError as failed:
                raise Closed(1006, f"({failed.strerror or failed})") from failed
            if not data:
                raise Closed(1006, "(no close frame)")
            self._take(data)
        return self._heard(self._events.pop(0))

    def _heard(self, event: Event) -> Heard:
        match event:
            case Ping():
                with suppress(LocalProtocolError):  # The server is closing already.
                    self._socket.sendall(self._protocol.send(event.response()))
                return Heard(PING)
            case Pong():
                return Heard(PONG)
            case CloseConnection():
                raise Closed(int(event.code), event.reason or "")
            case TextMessage():
                return Heard(MESSAGE, event.data)
        return Heard(MESSAGE)

    def _take(self, data: bytes) -> None:
        try:
            self._protocol.receive_data(data)
            self._events += self._protocol.events()
        except RemoteProtocolError as failed:
            raise NotUnderstood(str(failed)) from failed

    def _request(self, target: Target, query: str, headers: Mapping[str, str]) -> bytes:
        asked = "&".join(filter(None, (target.query, query)))
        lines = {
            "Host": target.netloc,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self._key,
            "Sec-WebSocket-Version": "13",
            **headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        where = f"{target.path}?{asked}" if asked else target.path
        return f"GET {where} HTTP/1.1\r\n{head}\r\n".encode()

    def _read_answer(self) -> Answer:
        read = b""
        while b"\r\n\r\n" not in read:
            data = self._socket.recv(READ_BYTES)
            if not data:
                raise NotUnderstood("it closes the connection without an answer")
            read += data
            if not read.startswith(b"HTTP/1."[: len(read)]) or len(read) > MOST_HEAD:
                raise NotUnderstood("what answers speaks no HTTP/1.1")
        head, _, rest = read.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = first.split()[1] if len(first.split()) > 1 else ""
        if not status.isdecimal():
            raise NotUnderstood("what answers speaks no HTTP/1.1")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if status == "101":
            is_accepted = headers.get("sec-websocket-accept") == self._accept()
            if is_accepted and rest:
                self._take(rest)
            return Answer(101, headers, b"", is_accepted)
        return Answer(int(status), headers, self._body(rest, headers), is_accepted=False)

    def _body(self, read: bytes, headers: Mapping[str, str]) -> bytes:
        """As much of it as comes; a server that keeps the connection is not waited for."""
        length = headers.get("content-length", "")
        wanted = min(int(length), MOST_BODY) if length.isdecimal() else MOST_BODY
        self._socket.settimeout(1.0)
        with suppress(OSError):
            while len(read) < wanted and (data := self._socket.recv(READ_BYTES)):
                read += data
        return read[:wanted]

    def _accept(self) -> str:
        digest = hashlib.sha1(f"{self._key}{GUID}".encode(), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()


def headers_for(token: str | None, origin: str | None) -> dict[str, str]:
    """What goes along with each request."""
    given = {"Authorization": f"Bearer {token}" if token else None, "Origin": origin}
    return {name: value for name, value in given.items() if value}
