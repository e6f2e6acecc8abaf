"""Where clients wait that have not said yet who they are: from the handshake to their first packet.

Until then they are sent nothing, and are nobody's clients: neither the hub nor a hook knows them.
They count as connections, and their time, what they say and how often are bounded.
"""

import secrets
from time import monotonic
from typing import Protocol

import gevent

from common.loops import repeat
from common.refused import Refused
from ws_server.clients.endpoint import Endpoint
from ws_server.clients.sender import CLOSE_TIMEOUT
from ws_server.door.listen import Listen
from ws_server.door.policy import Policy
from ws_server.socketio.admission import listen_of
from ws_server.socketio.frames import Opening
from ws_server.socketio.packets import (
    ROOT,
    Bye,
    Enter,
    Nothing,
    Ping,
    no_namespace,
    packet,
    parse_packet,
    refusal,
)
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.frames import close_frame
from ws_server.wire.inbound import HEAD, TEXT, Received, ends_with_close, take_pongs, take_texts

READ_BYTES = 4 * 1024
PATIENCE = 20.0  # Seconds in which it must have entered; it gets no ping meanwhile.
MOST_SAID = 10  # Packets: a token that is refused can be followed by a better one.
LATE = CloseCode(1002, "no packet came that enters the namespace")
ODD = CloseCode(1002, "until it has entered, a client sends whole text frames only")
TOO_LARGE = CloseCode(1009, "the packet is too large")
BYE = CloseCode(1000)


class Room(Protocol):
    """Counts who is here, as `census.Census` does."""

    def hold(self, address: str) -> None:
        """One more."""

    def let_go(self, address: str) -> None:
        """One less."""


class Door(Protocol):
    """Takes clients in, as `newcomers.Newcomers` does."""

    def adopt(self, fd: int, early: bytes, listen: Listen) -> None:
        """Take over a socket, with what was read from it too early."""

    def note_refused(self, error: str) -> None:
        """Count one that was not let in."""


class Visitor(Endpoint):
    """One who waits."""

    __slots__ = ("address", "begun", "is_closing", "said", "until")

    address: str
    begun: bytes  # Of a frame that is not whole yet.
    is_closing: bool  # It has been told why; only its own end of the connection is waited for.
    said: int
    until: float


class Lobby:
    """Owned by the event loop; nothing here waits."""

    def __init__(
        self, door: Door, room: Room, policy: Policy, opening: Opening, most_bytes: int
    ) -> None:
        self._door = door
        self._room = room
        self._policy = policy
        self._opening = opening
        self._most_bytes = most_bytes
        self._visitors: dict[Visitor, None] = {}  # The one who came first is the first.
        self._farewell: CloseCode | None = None

    def __len__(self) -> int:
        return len(self._visitors)

    def enter(self, fd: int, early: bytes, listen: Listen) -> None:
        """One comes, whose handshake is done."""
        visitor = Visitor(fd, self._read)
        visitor.address, visitor.begun, visitor.said = listen.address, b"", 0
        visitor.is_closing = False
        visitor.until = monotonic() + PATIENCE
        self._room.hold(visitor.address)
        self._visitors[visitor] = None
        if self._farewell is not None:
            self._end(visitor, self._farewell)
            return
        self._tell(visitor, self._opening.packet(secrets.token_urlsafe(15)))
        if visitor in self._visitors:
            visitor.start_reading()
            self._feed(visitor, early)

    def run(self) -> None:
        """Send those away who say nothing, for ever."""
        repeat("clients enter", self._wait_and_look)

    def stop(self, farewell: CloseCode) -> None:
        """Tell this to those who wait, and to all who still come."""
        self._farewell = farewell
        for visitor in list(self._visitors):
            self._end(visitor, farewell)

    def send_away(self, now: float) -> None:
        """Those whose time has ended."""
        late = [visitor for visitor in self._visitors if visitor.until <= now]
        for visitor in late:
            if visitor.is_closing:
                self._forget(visitor)
            else:
                self._end(visitor, LATE)

    def _wait_and_look(self) -> None:
        gevent.sleep(1)
        self.send_away(monotonic())

    def _read(self, visitor: Visitor) -> None:
        try:
            data = visitor.read(READ_BYTES)
        except OSError:
            data = b""
        if data and not visitor.is_closing:
            self._feed(visitor, data)
        elif data == b"":
            self._forget(visitor)

    def _feed(self, visitor: Visitor, data: bytes) -> None:
        data = visitor.begun + data
        while data:
            _, data = take_pongs(data)
            texts, data = take_texts(data, self._most_bytes, 1)
            if not texts:
                break
            self._hear(visitor, texts[0], data)
            if not self._is_waiting(visitor):
                return
        visitor.begun = data
        if data and data[0] != TEXT:
            self._end(visitor, BYE if ends_with_close(data) else ODD)
        elif len(data) > self._most_bytes + HEAD + 2:  # Its length may take two bytes more.
            self._end(visitor, TOO_LARGE)

    def _is_waiting(self, visitor: Visitor) -> bool:
        return visitor in self._visitors and not visitor.is_closing

    def _hear(self, visitor: Visitor, said: object, rest: bytes) -> None:
        visitor.said += 1
        found = parse_packet(said.data) if isinstance(said, Received) else Nothing()
        match found:
            case Enter(namespace) if namespace != ROOT:
                self._tell(visitor, no_namespace(namespace))
            case Enter():
                self._let_in(visitor, found, rest)
            case Ping(more):
                self._tell(visitor, packet(f"3{more}"))
            case Nothing():
                pass
            case _:
                self._end(visitor, BYE if isinstance(found, Bye) else ODD)
        if visitor.said >= MOST_SAID:
            self._end(visitor, ODD)

    def _let_in(self, visitor: Visitor, asked: Enter, rest: bytes) -> None:
        try:
            listen = listen_of(asked.said, self._policy, visitor.address)
        except Refused as refused:
            self._door.note_refused(refused.error)
            self._tell(visitor, refusal(refused.reason, refused.error))
            return
        del self._visitors[visitor]
        self._room.let_go(visitor.address)
        self._door.adopt(visitor.give_away(), rest, listen)

    def _tell(self, visitor: Visitor, data: bytes) -> None:
        """So little goes out whole, or the client is gone."""
        try:
            if visitor.write(data) == len(data):
                return
        except OSError:
            pass
        self._forget(visitor)

    def _end(self, visitor: Visitor, close: CloseCode) -> None:
        """Its socket stays open: with something unread in it, the kernel would throw away why."""
        if not self._is_waiting(visitor):
            return
        self._tell(visitor, close_frame(close.code, close.reason))
        if visitor not in self._visitors:
            return
        visitor.is_closing, visitor.begun = True, b""
        visitor.until = monotonic() + CLOSE_TIMEOUT
        try:
            visitor.finish_writing()
        except OSError:
            self._forget(visitor)

    def _forget(self, visitor: Visitor) -> None:
        if visitor in self._visitors:
            del self._visitors[visitor]
            self._room.let_go(visitor.address)
            visitor.close_socket()
