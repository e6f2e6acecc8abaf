"""Clients that do what every browser does by itself: they read, and answer pings."""

import selectors
import threading
from typing import Self

from tests.support.reading import begun_frames_of
from tests.support.websocket import PING, PONG, Client

TURN = 0.05  # Seconds; also how late the end is noticed.


class Answering(threading.Thread):
    """Reads for its clients, in a thread; those that are added no more are silent."""

    def __init__(self, *clients: Client) -> None:
        super().__init__(daemon=True)
        self._selector = selectors.DefaultSelector()
        self._streams: dict[Client, bytes] = {}
        self._stopping = threading.Event()
        self.add(*clients)

    def add(self, *clients: Client) -> None:
        """Read for these, too."""
        for client in clients:
            self._streams[client] = b""
            client.socket.setblocking(False)
            self._selector.register(client.socket, selectors.EVENT_READ, client)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()
        self._selector.close()
        for client in self._streams:
            client.socket.close()

    def run(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(TURN):
                self._read(key.data)

    def _read(self, client: Client) -> None:
        try:
            data = client.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(client.socket)
            return
        frames, self._streams[client] = begun_frames_of(self._streams[client] + data)
        for opcode, payload in frames:
            if opcode == PING:
                client.send(PONG, payload)
