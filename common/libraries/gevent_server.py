"""gevent's server for one listener. It is made to be run; used of it, and not promised, is:

- it calls its own `do_read` for the next connection, `max_accept` times in a row at most;
- no connection waits, if that returns None; `do_handle` is called with what it returns otherwise;
- it stops accepting when it finds itself `full`; with no pool it does not start again by itself;
- `_accept` of its listener never waits, and returns a descriptor and an address;
- `start_accepting` and `stop_accepting` may be called twice, and `socket` is the listener.
"""

import _socket
from collections.abc import Callable
from typing import Any

from gevent.server import StreamServer

Accepted = tuple[Any, Any]  # A socket, and the address of its client.


class Server(StreamServer):
    """Accepts connections, and calls `serve` with each; that must not wait, and owns the socket."""

    def __init__(
        self, listener: Any, serve: Callable[[Any, Any], object], is_full: Callable[[], bool]
    ) -> None:
        super().__init__(listener, handle=serve, spawn=None)
        self._serve = serve
        self._is_full = is_full
        self._accept = listener._accept
        self._kind = (int(listener.family), int(listener.type), listener.proto)

    def accept(self) -> Accepted | None:
        """The next connection, if one waits. A subclass may do more.

        Its socket is one of the interpreter's: gevent's take several times as long to make.
        """
        try:
            fd, address = self._accept()
        except BlockingIOError:
            return None
        return _socket.socket(*self._kind, fileno=fd), address

    def accept_at_once(self, most: int) -> None:
        """How many to accept between two turns of the event loop."""
        self.max_accept = most

    def accept_again(self) -> None:
        """It is not full any more."""
        if self.started:
            self.start_accepting()

    def do_read(self) -> Any:
        return self.accept()

    def do_handle(self, *accepted: Any) -> None:
        self._serve(*accepted)

    def full(self) -> bool:
        return self._is_full()
