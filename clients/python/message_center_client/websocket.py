"""A WebSocket client for listeners: one connection, from its handshake to its end.

It keeps no message: what arrives is passed on piece by piece. It does not come back,
and decides nothing.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import SplitResult, quote, urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, ProtocolError

from message_center_client.errors import Closed, NotUnderstood, Refused

ANSWER_TIMEOUT = 10.0  # Seconds for a connection, and for each piece of the answer.
PING_SECONDS = 25.0  # Of silence. A server that does not answer is given up.
READ_BYTES = 64 * 1024
MOST_BODY = 4 * 1024  # Of a refusal.
UNQUOTED = "!$%&'()*+,/:;=?@[]~"  # What a path and a query may hold; the rest is encoded.
NO_CLOSE_FRAME = 1006
NONE: Mapping[str, str] = {}


def checked(url: str) -> str:
    """`url` as it is asked for, in ASCII.

    Raises:
        ValueError: no WebSocket can be at it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname or parts.port == 0:
        raise ValueError("it must be ws://host:port/ or wss://host:port/")
    if "@" in parts.netloc:
        raise ValueError("no name and password can stand in it; a token can, as ?token=")
    if parts.fragment:
        raise ValueError("no # can stand in it; in a parameter it is %23")
    try:
        host = parts.netloc.encode("idna").decode()
    except UnicodeError:
        raise ValueError("there can be no host of this name") from None
    path, query = (quote(part, UNQUOTED) for part in (parts.path or "/", parts.query))
    return SplitResult(parts.scheme, host, path, query, "").geturl()


def receive(
    url: str,
    headers: Mapping[str, str] = NONE,
    keep: Callable[[socket.socket], None] = lambda _: None,
) -> Iterator[str | bytes | None]:
    """First None: it is connected. Then what arrives, with a line end after each message.

    `keep` is given the socket, so that another thread can shut it down.

    Raises:
        Refused, Closed, NotUnderstood, OSError: that was the end.
    """
    try:
        yield from _receive(url, headers, keep)
    except ProtocolError as problem:
        raise NotUnderstood(str(problem)) from problem


def _receive(
    url: str, headers: Mapping[str, str], keep: Callable[[socket.socket], None]
) -> Iterator[str | bytes | None]:
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    with socket.create_connection((host, port), ANSWER_TIMEOUT) as plain:
        context = ssl.create_default_context() if is_secure else None
        with context.wrap_socket(plain, server_hostname=host) if context else plain as sock:
            keep(sock)
            protocol = WSConnection(ConnectionType.CLIENT)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            extra = [(name.encode(), value.encode()) for name, value in headers.items()]
            asked = Request(host=parts.netloc, target=target, extra_headers=extra)
            sock.sendall(protocol.send(asked))
            _await_acceptance(sock, protocol)
            yield None
            yield from _arriving(sock, protocol)


def _await_acceptance(sock: socket.socket, protocol: WSConnection) -> None:
    while data := sock.recv(READ_BYTES):
        protocol.receive_data(data)
        for event in protocol.events():
            if isinstance(event, AcceptConnection):
                return
            if isinstance(event, RejectConnection):
                headers = {name.lower(): value.decode("latin-1") for name, value in event.headers}
                body = _body(sock, protocol)
                raise Refused.read(event.status_code, body, headers.get(b"retry-after", ""))
    raise Closed(NO_CLOSE_FRAME, "without an answer")


def _body(sock: socket.socket, protocol: WSConnection) -> bytes:
    """The body of a refusal, or as much of it as comes."""
    body = b""
    with suppress(OSError, ProtocolError):
        while True:
            for event in protocol.events():
                if isinstance(event, RejectData):
                    body += event.data
                    if event.body_finished or len(body) > MOST_BODY:
                        return body[:MOST_BODY]
            data = sock.recv(READ_BYTES)
            if not data:
                break
            protocol.receive_data(data)
    return body[:MOST_BODY]


def _arriving(sock: socket.socket, protocol: WSConnection) -> Iterator[str | bytes]:
    sock.settimeout(PING_SECONDS)
    is_awaited = False
    while True:
        for event in protocol.events():
            yield from _pieces(event, sock, protocol)
        try:
            data = sock.recv(READ_BYTES)
        except TimeoutError:
            if is_awaited:
                raise Closed(NO_CLOSE_FRAME, "no answer to a ping") from None
            sock.sendall(protocol.send(Ping()))
            is_awaited = True
            continue
        if not data:
            raise Closed(NO_CLOSE_FRAME)
        is_awaited = False
        protocol.receive_data(data)


def _pieces(event: Event, sock: socket.socket, protocol: WSConnection) -> Iterator[str | bytes]:
    match event:
        case TextMessage():
            yield event.data + ("\n" if event.message_finished else "")
        case BytesMessage():
            yield bytes(event.data) + (b"\n" if event.message_finished else b"")
        case Ping():
            sock.sendall(protocol.send(event.response()))
        case CloseConnection():
            with suppress(OSError, LocalProtocolError):  # It has said what it had to say.
                sock.sendall(protocol.send(event.response()))
            raise Closed(int(event.code), event.reason or "")
