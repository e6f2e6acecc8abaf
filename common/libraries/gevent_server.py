"""gevent's server for one listener. It is made to be run; used of it, and not promised, is:

- it calls its own `do_read` for the next connection, `max_accept` times in a row at most;
- no connection waits, if that returns None; `handle` is called with what it returns otherwise;
- it stops while its pool is `full`, and starts again by itself when there is a slot;
- `start_accepting` and `stop_accepting` may be called twice, and `socket` is the listener.
"""

from collections.abc import Callable
from typing import Any

from gevent.pool import Pool
from gevent.server import StreamServer

Accepted = tuple[Any, Any]  # A socket, and the address of its client.


class Server(StreamServer):
    """Accepts connections and serves each in a greenlet of its own, `slots` at a time."""

    def __init__(self, listener: Any, serve: Callable[[Any, Any], object], slots: int) -> None:
        super().__init__(listener, handle=serve, spawn=Pool(slots))

    def accept(self) -> Accepted | None:
        """The next connection, if one waits. A subclass may do more."""
        accepted: Accepted | None = super().do_read()
        return accepted

    def accept_at_once(self, most: int) -> None:
        """How many to accept between two turns of the event loop."""
        self.max_accept = most

    def do_read(self) -> Any:
        return self.accept()
