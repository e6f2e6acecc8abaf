"""A socket of the door, and its watchers. It never waits, and knows nothing of requests."""

from socket import SHUT_RD, SHUT_RDWR
from typing import Any

from common.libraries.gevent_watchers import READ, WRITE, end_watching, watcher_of

ONE_READ = 16 * 1024


class Stream:
    """A subclass says in `_has_read` and `_has_sent` what comes next."""

    __slots__ = ("_data", "_is_ended", "_reading", "_unsent", "_writing", "socket")

    def __init__(self, socket: Any) -> None:
        """`socket` is one of the interpreter's, non-blocking."""
        self.socket = socket
        self._data = b""  # Read, and not answered.
        self._unsent = b""  # What the kernel has not taken.
        self._is_ended = False  # Its client sends no more.
        self._reading: Any = None  # Watchers, made when they are needed.
        self._writing: Any = None

    def cut(self) -> None:
        """It reads what has arrived and then an end, as if its client had left."""
        try:
            self.socket.shutdown(SHUT_RDWR if self._unsent else SHUT_RD)
        except OSError:
            self.close()

    def close(self) -> None:
        """End it; nothing more is sent."""
        raise NotImplementedError

    def _has_read(self) -> None:
        """There is more `_data`, or it has ended."""
        raise NotImplementedError

    def _has_sent(self) -> None:
        """The kernel has taken all; called by `_send`, too."""
        raise NotImplementedError

    def _read(self) -> None:
        """Read what is there, if anything is."""
        try:
            data = self.socket.recv(ONE_READ)
        except (BlockingIOError, InterruptedError):
            self._read_on()
            return
        except OSError:
            self.close()
            return
        if data:
            self._data = self._data + data if self._data else data
        else:
            self._is_ended = True
            self._read_no_more()
        self._has_read()

    def _read_on(self) -> None:
        """Read when there is something."""
        if self._reading is None:
            self._reading = watcher_of(self.socket.fileno(), READ)
        if not self._reading.active:
            self._reading.start(self._read)

    def _read_no_more(self) -> None:
        """Leave what comes to the kernel, until `_read_on`."""
        if self._reading is not None:
            self._reading.stop()

    def _send(self, data: bytes) -> None:
        try:
            sent = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.close()
            return
        if sent == len(data):
            self._unsent = b""
            self._has_sent()
            return
        self._unsent = data[sent:]
        if self._writing is None:
            self._writing = watcher_of(self.socket.fileno(), WRITE)
            self._writing.start(self._send_more)

    def _send_more(self) -> None:
        self._send(self._unsent)
        if not self._unsent:
            end_watching(self._writing)
            self._writing = None

    def _end_watching(self) -> None:
        """Before the socket is closed, or another's: or its next owner would be watched."""
        end_watching(self._reading)
        end_watching(self._writing)
        self._reading = self._writing = None
