"""Our end of a client's socket. It never waits: a write takes what the socket takes.

It knows nothing of frames, of the log, or of what a client is sent; see `connection`.
"""

import os
import socket
import termios
from collections.abc import Callable
from fcntl import ioctl
from typing import Any, Protocol

from gevent.monkey import get_original

from common.libraries.gevent_watchers import READ, end_watching, watcher_of

# Not gevent's, which would wait, and takes 10 times the memory.
Socket: type[socket.socket] = get_original("socket", "socket")

_CLOSED = 7  # TCP_CLOSE of Linux: the state of a socket whose other end has sent an RST.

# Why nothing is read from a client; there may be several reasons at once.
HOOK = 1  # A hook is at work on what it sent.
REPLIES = 2  # It has not read the replies that it was sent.
CHANGE = 4  # What it asked for takes effect only at the end of a long frame.


class Lent(Protocol):
    """Bytes, and a descriptor from which the kernel can send them."""

    data: bytes
    file: int


class Endpoint:
    """A socket, and the watcher that calls `on_readable` with this when there is something to read.

    It costs no buffer and no greenlet.
    """

    __slots__ = ("_on_readable", "_pauses", "_socket", "_watcher", "put")

    def __init__(self, fd: int, on_readable: Callable[[Any], None]) -> None:
        self._socket = Socket(socket.AF_INET, socket.SOCK_STREAM, 0, fd)
        self._socket.setblocking(False)
        self.put = self._socket.send  # Ready to call, as the hot loop of a fan-out needs it.
        self._on_readable = on_readable
        self._pauses = 0  # The reasons, added up.
        self._watcher: Any = None

    @property
    def fd(self) -> int:
        """Its descriptor; -1 once it is closed."""
        return self._socket.fileno()

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the socket took, 0 if it is full; OSError if the client is gone."""
        try:
            return self.put(data)
        except BlockingIOError:
            return 0

    def put_lent(self, lent: Lent, start: int, end: int) -> int:
        """How many of these bytes the socket took; the errors are those of `put`."""
        try:
            return os.sendfile(self.fd, lent.file, start, end - start)
        except BlockingIOError:
            raise
        except OSError:  # The client is gone, which this says, too; or sendfile cannot do it here.
            return self.put(memoryview(lent.data)[start:end])

    def peer(self) -> str:
        """The address of the other end; empty if it has none, or is gone."""
        try:
            name = self._socket.getpeername()
        except OSError:
            return ""
        return str(name[0]) if isinstance(name, tuple) else ""

    def is_drained(self) -> bool:
        """Whether the other end has acknowledged all that was written, and has sent no RST.

        Its kernel sends that for a program that ends with something unread. True where our kernel
        tells nothing of this.
        """
        try:
            waiting = ioctl(self.fd, termios.TIOCOUTQ, bytes(4))
            if any(waiting):
                return False
            state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
        except OSError:  # A socket of another kind.
            return True
        return state[0] != _CLOSED

    def finish_writing(self) -> None:
        """Tell the client that nothing follows, and read to the end of what it still says (a FIN).

        OSError if the client is gone.
        """
        self._socket.shutdown(socket.SHUT_WR)
        self._pauses = 0
        self.start_reading()

    # Reading

    def read(self, size: int) -> bytes | None:
        """What has arrived, None if nothing has; empty at the end of the stream, or OSError."""
        try:
            return self._socket.recv(size)
        except BlockingIOError:
            return None

    def start_reading(self) -> None:
        """Call `on_readable`, from the event loop, whenever there is something to read."""
        if self._watcher is None:
            self._watcher = watcher_of(self.fd, READ)
        self._watcher.start(self._on_readable, self)

    @property
    def is_paused(self) -> bool:
        """Whether nothing is read now, so that the client feels the back-pressure."""
        return self._pauses != 0

    def pause_reading(self, reason: int) -> None:
        """Leave what arrives in the kernel until there is no reason any more."""
        self._pauses |= reason
        if self._watcher is not None:
            self._watcher.stop()

    def resume_reading(self, reason: int) -> None:
        """This is no reason any more; harmless if it was none, or the socket is closed."""
        if self._pauses & reason:
            self._pauses &= ~reason
            if not self._pauses and self.fd >= 0:
                self.start_reading()

    # The end

    def give_away(self) -> int:
        """The descriptor, open; this one has nothing to do with it any more."""
        end_watching(self._watcher)
        self._watcher = None
        return self._socket.detach()

    def close_socket(self) -> None:
        """Close the descriptor; the watcher first, or it would watch its next owner."""
        end_watching(self._watcher)
        self._watcher = None
        self._socket.close()
