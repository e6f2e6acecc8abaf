"""Reads what clients send when it arrives, answers it by the rules, or hands it to a hook.

It is read in the event loop, without a greenlet for each client. Only the call of `on_message` has
one, if there is such a hook. Nothing more is read from that client until the call has returned: so
the order is kept, and a flood waits in the kernel.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Protocol

import gevent

from common.bucket import Bucket
from ws_server.clients.connection import Connection, State
from ws_server.clients.endpoint import HOOK
from ws_server.clients.hub import Hub
from ws_server.inbox.calls import call_hook
from ws_server.wire.close_codes import TOO_MANY_MESSAGES, CloseCode
from ws_server.wire.formats import Format
from ws_server.wire.frames import PONG, frame
from ws_server.wire.inbound import (
    Closed,
    Failed,
    Inbound,
    Pinged,
    Ponged,
    Reader,
    Received,
    is_close,
    take_plain,
    take_pongs,
)

READ_BYTES = 4 * 1024  # If all frames are tiny, it takes some milliseconds to parse so much.

OnMessage = Callable[[Connection, str | bytes], None]
OnError = Callable[[Connection, Exception], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a message from a client may be, and how many of them and of pings in a second.

    0 a second: as many as it likes.
    """

    message_bytes: int
    messages_per_second: float = 0.0


class Commands(Protocol):
    """Does what clients of a format ask for."""

    def serve(self, connection: Connection, data: str | bytes) -> bool:
        """Do what a message asks for; False if it is none that does."""

    def refuse(self, connection: Connection, data: str | bytes) -> None:
        """Answer a message that asks for nothing, and that nobody else wants."""

    def take_end(self, connection: Connection) -> None:
        """The client has answered our close, after all that it was sent before."""


class Receiver:
    """Turns what is readable into answers, commands and calls of `on_message`."""

    def __init__(
        self,
        hub: Hub,
        commands: Mapping[Format, Commands],
        limits: Limits,
        on_message: OnMessage | None,
        on_error: OnError,
    ) -> None:
        """`commands`: of those formats whose clients can ask for something."""
        self._sender = hub.sender
        self._confirming = hub.confirming
        self._commands = commands
        self._limits = limits
        self._on_message = on_message
        self._on_error = on_error

    def read(self, connection: Connection) -> None:
        """Called by the event loop when `connection` is readable; never waits."""
        try:
            data = connection.read(READ_BYTES)
        except OSError:
            data = b""
        if data:
            connection.unanswered = 0
            self.feed(connection, data)
        elif data is not None:
            self._sender.drop(connection)

    def feed(self, connection: Connection, data: bytes) -> None:
        """Handle bytes that the client sent."""
        if not connection.feed.format.is_websocket:
            return  # Nothing it says matters; its end of stream does.
        if connection.reader is None:
            pongs, data = take_pongs(data)
            for payload in pongs:
                self._confirming.take_pong(connection, payload)
        if not data:
            return
        if connection.state is State.CLOSING:
            self._look_for_end(connection, data)
            return
        events = self._events(connection, data)
        if self._are_too_many(connection, events):
            self._sender.close(connection, TOO_MANY_MESSAGES)
        elif self._on_message and any(isinstance(event, Received) for event in events):
            connection.pause_reading(HOOK)
            gevent.spawn(self._handle_in_turn, connection, events)
        else:
            self._answer(connection, events)

    def _events(self, connection: Connection, data: bytes) -> list[Inbound]:
        events = list[Inbound]()
        if connection.reader is None and not self._limits.messages_per_second:
            events, data = take_plain(data, self._limits.message_bytes)
        if data:
            if connection.reader is None:
                connection.reader = self._make_reader()
            events += connection.reader.receive(data)
        return events

    def _make_reader(self) -> Reader:
        reader = Reader(self._limits.message_bytes)
        if self._limits.messages_per_second:
            reader.bucket = Bucket(self._limits.messages_per_second, monotonic())
        return reader

    def _are_too_many(self, connection: Connection, events: list[Inbound]) -> bool:
        reader, pong = connection.reader, connection.feed.format.text_pong
        if reader is None or reader.bucket is None:
            return False
        now = monotonic()
        said = [event for event in events if isinstance(event, Received | Pinged)]
        counted = [each for each in said if isinstance(each, Pinged) or each.data != pong]
        return any(reader.bucket.take(1, now) > 0 for _ in counted)

    def _answer(self, connection: Connection, events: list[Inbound]) -> None:
        """Control frames only; the pongs in one write, however many there are."""
        pongs = [frame(PONG, event.payload) for event in events if isinstance(event, Pinged)]
        if pongs:
            self._sender.post_raw(connection, b"".join(pongs))
        for event in events:
            if not isinstance(event, Pinged):
                self._handle(connection, event)

    def _handle_in_turn(self, connection: Connection, events: list[Inbound]) -> None:
        try:
            for event in events:
                call_hook(
                    partial(self._handle, connection, event), partial(self._on_error, connection)
                )
        finally:
            connection.resume_reading(HOOK)

    def _handle(self, connection: Connection, event: Inbound) -> None:
        match event:
            case Pinged(payload):
                self._sender.post_raw(connection, frame(PONG, payload))
            case Ponged(payload):
                self._confirming.take_pong(connection, payload)
            case Received(data):
                self._receive(connection, data)
            case Closed(code, _):
                # 1005 stands for "no code" and is never sent (RFC 6455 7.4.1).
                self._sender.close(connection, CloseCode(1000 if code == 1005 else code))
            case Failed(code, reason):
                self._sender.close(connection, CloseCode(code, reason))

    def _look_for_end(self, connection: Connection, data: bytes) -> None:
        """What it says is nothing to us any more, but for its answer to our close."""
        if connection.reader is None and is_close(data):
            self._take_end(connection)
            return
        for event in self._events(connection, data):
            match event:
                case Ponged(payload):
                    self._confirming.take_pong(connection, payload)
                case Closed():
                    self._take_end(connection)

    def _take_end(self, connection: Connection) -> None:
        commands = self._commands.get(connection.feed.format)
        if commands is not None:
            commands.take_end(connection)

    def _receive(self, connection: Connection, data: str | bytes) -> None:
        if not connection.is_open:
            return
        commands = self._commands.get(connection.feed.format)
        if commands is not None and commands.serve(connection, data):
            return
        if self._on_message is not None:
            self._on_message(connection, data)
        elif commands is not None:
            commands.refuse(connection, data)
