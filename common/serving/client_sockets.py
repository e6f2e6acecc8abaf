"""The sockets of a web server's clients, and which of them are cut when there is no room.

A socket holds a slot from its accept until it is gone. Its client has completed something when
a request is answered; bytes that trickle in, and answers that are not read, are nothing.
"""

import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol, TypeVar

import gevent
import gevent.select
import gevent.socket

PATIENCE = 1.0  # Seconds to complete something. Less, if more wait than there are slots.
SLICE = 0.002  # Seconds after which a client that has more to say lets others have a turn.
QUEUED = 24  # Where in TCP_INFO a listener has how many wait to be accepted (tcpi_unacked).
SOME = 24


class ClientSocket(gevent.socket.socket):
    """One client's socket."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.since = self._turn = monotonic()  # Since when it has completed nothing.
        self.is_idle = False  # Between two requests.
        self.is_waited_for = False  # We wait for its client, which has to send or to read.
        self._is_sending = False
        self._is_cut = False

    def recv(self, *args: Any) -> bytes:
        """What has arrived, or arrives; nothing at the end, and once it is cut off."""
        self.give_way()
        began = monotonic()
        self.is_waited_for = True
        try:
            data = super().recv(*args)
        except OSError:
            if not self._is_cut:
                raise
            data = super().recv(*args)  # What had arrived. It does not wait any more.
        finally:
            self.is_waited_for = False
        now = monotonic()
        if now - began > SLICE:
            self._turn = now
        if self.is_idle and data:
            self.is_idle, self.since = False, now
        return data

    def send(self, data: Any, flags: int = 0, **named: Any) -> int:
        """How much of it was taken; OSError if it is gone or cut off. `sendall` sends by this."""
        self.is_waited_for = self._is_sending = True
        try:
            return super().send(data, flags, **named)
        finally:
            self.is_waited_for = self._is_sending = False

    def give_way(self) -> None:
        """Let others have a turn: whoever sends without a pause is never waited for."""
        if monotonic() - self._turn > SLICE:
            gevent.sleep(0)
            self._turn = monotonic()

    def complete(self) -> None:
        """A request of it has been answered."""
        self.since, self.is_idle = monotonic(), True

    def cut(self) -> None:
        """It reads what has arrived and then an end, as if its client had left."""
        self._is_cut = True
        with suppress(OSError):
            self.shutdown(socket.SHUT_RDWR if self._is_sending else socket.SHUT_RD)


class Cuttable(Protocol):
    """Who may have to go."""

    since: float
    is_idle: bool

    @property
    def is_waited_for(self) -> bool: ...

    def cut(self) -> None: ...


SomeSocket = TypeVar("SomeSocket", bound=Cuttable)


def sockets_to_cut(
    sockets: Iterable[SomeSocket], waiting: int, slots: int, now: float
) -> list[SomeSocket]:
    """Which make room for so many: those that ask for nothing more, then those that take longest.

    Never one whose client waits for us. The more wait, the less time there is for each, so that a
    long queue takes no longer than a short one.
    """
    patience = PATIENCE * slots / max(slots, waiting)
    found = [each for each in sockets if each.is_waited_for]
    idle = [each for each in found if each.is_idle]
    slow = [each for each in found if not each.is_idle and now - each.since >= patience]
    slow.sort(key=lambda each: each.since)
    return (idle + slow)[:waiting]


def queue_length(listener: Any) -> int:
    """How many wait to be accepted; where the system does not say, some or none."""
    if sys.platform == "linux":
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, QUEUED + 4)
        return int(struct.unpack_from("I", info, QUEUED)[0])
    return SOME if gevent.select.select([listener], [], [], 0)[0] else 0
