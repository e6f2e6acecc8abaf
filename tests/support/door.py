"""What tests of the door send, and how they wait for it."""

import socket
from typing import Any

import gevent

from common.serving.door.answer import Caller

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
OTHER = b"GET /other HTTP/1.1\r\nHost: a\r\n\r\n"


def turn() -> None:
    """Let the loop look at sockets and callbacks a few times."""
    for _ in range(4):
        gevent.sleep(0.0005)


class FakeCaller(Caller):
    """A caller with a socket of its own. Unrealistic: no door has it."""

    def __init__(self, address: str = "192.0.2.1", early: bytes = b"") -> None:
        self._address = address
        self._early = early
        ours, self.client = socket.socketpair()
        ours.setblocking(False)
        self.ours: Any = ours
        self.is_released = False

    @property
    def address(self) -> str:
        return self._address

    def release(self) -> tuple[Any, bytes]:
        self.is_released = True
        return self.ours, self._early

    def close(self) -> None:
        self.ours.close()
        self.client.close()
