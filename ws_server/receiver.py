"""What clients send: read when it arrives, answered by the rules, handed to the hooks.

Reads happen in the event loop, without a greenlet per client. Only a message for
a hook that wants messages gets one, and nothing more is read from that client
until it is done: order is kept, and a flood stays in the kernel.
"""

from collections.abc import Callable
from functools import partial

import gevent

from ws_server import hooks
from ws_server.close_codes import CloseCode
from ws_server.connection import Connection
from ws_server.frames import PONG, frame
from ws_server.hub import Hub
from ws_server.inbound import Closed, Failed, Inbound, Pinged, Reader, Received, is_lone_pong

READ_BYTES = 4 * 1024  # Of tiny frames, so much takes some milliseconds to parse.

OnMessage = Callable[[Connection, str | bytes], None]
OnError = Callable[[Connection, Exception], None]


class Receiver:
    """Turns what is readable into answers and calls of `on_message`."""

    def __init__(
        self, hub: Hub, max_message_bytes: int, on_message: OnMessage | None, on_error: OnError
    ) -> None:
        self._hub = hub
        self._max_message_bytes = max_message_bytes
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
            self._hub.drop(connection)

    def feed(self, connection: Connection, data: bytes) -> None:
        """Handle bytes that the client sent."""
        if connection in self._hub.closing or not connection.feed.format.is_websocket:
            return  # Nothing it says matters; its end of stream does.
        if connection.reader is None:
            if is_lone_pong(data):
                return
            connection.reader = Reader(self._max_message_bytes)
        events = list(connection.reader.receive(data))
        if self._on_message is None:
            events = [event for event in events if not isinstance(event, Received)]
        if any(isinstance(event, Received) for event in events):
            connection.busy = True
            connection.stop_watching()
            gevent.spawn(self._handle_in_turn, connection, events)
            return
        self._answer(connection, events)

    def _answer(self, connection: Connection, events: list[Inbound]) -> None:
        """Control frames only; the pongs in one write, however many there are."""
        pongs = [frame(PONG, event.payload) for event in events if isinstance(event, Pinged)]
        if pongs:
            self._hub.post_raw(connection, b"".join(pongs))
        for event in events:
            if not isinstance(event, Pinged):
                self._handle(connection, event)

    def _handle_in_turn(self, connection: Connection, events: list[Inbound]) -> None:
        try:
            for event in events:
                hooks.call(
                    partial(self._handle, connection, event), partial(self._on_error, connection)
                )
        finally:
            connection.busy = False
            self._hub.resume_reading(connection)

    def _handle(self, connection: Connection, event: Inbound) -> None:
        match event:
            case Pinged(payload):
                self._hub.post_raw(connection, frame(PONG, payload))
            case Received(data):
                if self._on_message is not None and self._hub.is_open(connection):
                    self._on_message(connection, data)
            case Closed(code, _):
                # 1005 stands for "no code" and is never sent (RFC 6455 7.4.1).
                self._hub.close(connection, CloseCode(1000 if code == 1005 else code))
            case Failed(code, reason):
                self._hub.close(connection, CloseCode(code, reason))
