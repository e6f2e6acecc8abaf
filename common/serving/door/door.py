"""All connections of the door: what they share, their time, and who goes on with them."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any

from common.serving.door.answer import PlainApplication, Writer
from common.serving.door.connection import Connection

log = logging.getLogger(__name__)

Take = Callable[[Connection, bytes], None]  # With what has been read, and is not answered.
Leave = Callable[[Connection, str], None]


class Door:
    """Opens connections; knows nothing of slots, and does not accept."""

    def __init__(
        self,
        application: PlainApplication,
        server: str,
        header_timeout: float,
        request_timeout: float,
        leave: Leave,
    ) -> None:
        self.application = application
        self.writer = Writer(server)
        self.header_timeout = header_timeout
        self.request_timeout = request_timeout
        self.is_scarce = False
        self._leave = leave
        self._connections: dict[Connection, Take] = {}

    def open(self, socket: Any, peer: Any, counted: str, take: Take) -> Connection:
        """Serve a socket that has just been accepted, until it is closed or taken."""
        connection = Connection(self, socket, peer, counted)
        self._connections[connection] = take
        return connection

    def leave(self, connection: Connection) -> None:
        """It is closed."""
        del self._connections[connection]
        self._leave(connection, connection.counted)

    def hand_over(self, connection: Connection, early: bytes) -> None:
        """The web server goes on with it."""
        self._connections.pop(connection)(connection, early)

    def end_overdue(self) -> None:
        """Close those that have not sent a whole head, or are not answered, in their time."""
        now = monotonic()
        for each in [each for each in self._connections if each.deadline <= now]:
            if each.is_under_way:
                log.warning("Gave up a request from %s after REQUEST_TIMEOUT", each.peer)
            each.close()

    def is_at_work(self) -> bool:
        """Whether a request is under way."""
        return any(each.is_under_way for each in self._connections)
