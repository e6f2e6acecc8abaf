"""A hub with one client, which is this process itself, over a pair of sockets.

What is published here is encoded and sent as to any client, and read again from the other end. The
clients of the process are in another hub, and never see it.
"""

import socket
from collections.abc import Callable

from common.libraries.gevent_watchers import READ, end_watching, watcher_of
from common.page import Page
from common.store.log import Log
from ws_server.clients.connection import Connection
from ws_server.clients.endpoint import Socket
from ws_server.clients.hub import Hub
from ws_server.log.feed import Feed
from ws_server.wire.frames import TextFrames

READ_AT_ONCE = 64 * 1024


class Loopback:
    """`on_bytes` is told of all that arrives at the client's end, frames and all.

    `log` is what a feed must have; nothing is read from it, as the client is always live.
    """

    def __init__(self, log: Log, on_bytes: Callable[[bytes], None]) -> None:
        self._on_bytes = on_bytes
        self._hub = Hub({"text": Feed(log, TextFrames(""), most_bytes=1)}, lambda _: None)
        self._hub.journal.be_quiet()
        ours, theirs = socket.socketpair()
        self._socket = Socket(theirs.family, theirs.type, theirs.proto, theirs.detach())
        self._socket.setblocking(False)
        self._client = self._hub.join(ours.detach(), _read_nothing)
        self._watcher = watcher_of(self._socket.fileno(), READ)
        self._watcher.start(self._read)

    def publish(self, page: Page) -> None:
        """Send it to the one client."""
        self._hub.publish(page)
        self._hub.recent.rewind(page.last)  # Nobody will ask for the last few.

    def close(self) -> None:
        """Close both ends."""
        end_watching(self._watcher)
        self._socket.close()
        self._hub.sender.drop(self._client)

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_AT_ONCE)
        except BlockingIOError:
            return
        if data:
            self._on_bytes(data)
        else:
            self._watcher.stop()  # The hub has dropped it.


def _read_nothing(_connection: Connection) -> None:
    """The client never says anything."""
