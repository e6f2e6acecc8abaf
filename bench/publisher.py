"""A producer of ours: LPUSH over one plain connection, so that the load costs little."""

import socket
from collections.abc import Callable, Sequence
from time import monotonic, monotonic_ns, sleep
from typing import Self

from bench.errors import BenchFailed
from common.message import Message

KEY = b"message_center"
PIPELINE = 100  # Commands in one write.
TOGETHER = 1000  # Items in one LPUSH.


class Publisher:
    """Numbers its messages from 0, as the load client expects them; `wrap` makes items of them."""

    def __init__(
        self, port: int, size: int, head: bytes = b"", wrap: Callable[[bytes], bytes] = bytes
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._head, self._wrap = head, wrap
        self._pad = b"x" * (size - 30 - len(head))
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def paced(self, count: int, per_second: float) -> None:
        """One LPUSH a message, at an even pace."""
        self.bursts(count, 1, per_second)

    def bursts(self, count: int, size: int, per_second: float) -> None:
        """So many LPUSHes of `size` messages each, at an even pace."""
        due = monotonic()
        for _ in range(count):
            self.together(size)
            due += 1 / per_second
            sleep(max(0.0, due - monotonic()))

    def pipelined(self, count: int) -> None:
        """One LPUSH a message, as fast as they are confirmed."""
        for start in range(0, count, PIPELINE):
            some = range(start, min(count, start + PIPELINE))
            self._send([[self._item()] for _ in some])

    def together(self, count: int) -> None:
        """All of them in one LPUSH: they are queued at the same moment."""
        self._send([[self._item() for _ in range(count)]])

    def to_each(self, channels: Sequence[str], count: int) -> None:
        """So many messages to each channel, in turn; each channel has numbers of its own."""
        for number in range(count):
            for start in range(0, len(channels), TOGETHER):
                some = channels[start : start + TOGETHER]
                self._send([[self._addressed(channel, number) for channel in some]])

    def _addressed(self, channel: str, number: int) -> bytes:
        self._next = number
        return Message(self._message().decode(), (channel,)).to_item()

    def _item(self) -> bytes:
        return self._wrap(self._message())

    def _message(self) -> bytes:
        text = b"%s%010d%020d%s" % (self._head, self._next, monotonic_ns(), self._pad)
        self._next += 1
        return text

    def _send(self, commands: list[list[bytes]]) -> None:
        self._socket.sendall(b"".join(map(_lpush, commands)))
        for _ in commands:
            answer = self._answers.readline()
            if not answer.startswith(b":"):
                raise BenchFailed(f"LPUSH was answered {answer!r}")


def _lpush(items: list[bytes]) -> bytes:
    words = [b"LPUSH", KEY, *items]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
