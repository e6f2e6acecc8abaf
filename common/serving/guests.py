"""The sockets of a web server's clients, and who of them has to go when there is no room.

A guest holds a place from its accept until it is gone. It has completed something when a
request of it is answered; bytes that trickle in, and answers that are not read, are nothing.
"""

import socket
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import gevent.select
import gevent.socket

PATIENCE = 1.0  # Seconds in which nobody has to complete anything, if no more wait than have room.
SLICE = 0.002  # Seconds after which a guest that has more to say lets others have a turn.
QUEUED = 24  # Where in TCP_INFO a listener has how many wait to be accepted (tcpi_unacked).
SOME = 24


class Guest(gevent.socket.socket):
    """One client's socket."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.since = self._turn = monotonic()  # Since when it has completed nothing.
        self.is_idle = False  # Between two requests.
        self.is_waited_for = False  # It has to send or to read something: we are not at work.
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


def who_must_go(guests: Iterable[Guest], waiting: int, places: int, now: float) -> list[Guest]:
    """Who makes room for so many: who has asked for nothing more, then who is longest about it.

    Never who waits for us. The more wait, the less time there is for each, so that a long queue
    takes no longer than a short one.
    """
    patience = PATIENCE * places / max(places, waiting)
    found = [guest for guest in guests if guest.is_waited_for]
    idle = [guest for guest in found if guest.is_idle]
    slow = [guest for guest in found if not guest.is_idle and now - guest.since >= patience]
    slow.sort(key=lambda guest: guest.since)
    return (idle + slow)[:waiting]


def queue_length(listener: Any) -> int:
    """How many wait to be accepted; where the system does not say, some or none."""
    if sys.platform == "linux":
        info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, QUEUED + 4)
        return int(struct.unpack_from("I", info, QUEUED)[0])
    return SOME if gevent.select.select([listener], [], [], 0)[0] else 0
