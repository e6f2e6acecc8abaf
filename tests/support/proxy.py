"""A way to Redis that loses answers."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class LossyProxy(socketserver.ThreadingTCPServer):
    """Passes everything on, but loses the next `losses` answers to pushes, connection and all."""

    def __init__(self, url: str, losses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        parts = urlsplit(url)
        self.upstream = (parts.hostname or "", parts.port or 0)
        self.url = f"redis://127.0.0.1:{self.server_address[1]}/0"
        self.answers = 0  # To pushes: so many were done.
        self.losses = losses

    def loses(self, answer: bytes) -> bool:
        if not answer.startswith(b":"):  # What LPUSH and push_once.lua answer is an integer.
            return False
        self.answers += 1
        self.losses -= 1
        return self.losses >= 0


class _Relay(socketserver.BaseRequestHandler):
    server: LossyProxy

    def handle(self) -> None:
        with suppress(OSError), socket.create_connection(self.server.upstream) as upstream:
            while self._pass_on(upstream):
                pass

    def _pass_on(self, upstream: socket.socket) -> bool:
        """Pass on what comes next; False at the end. Who has asked waits for the answer."""
        (source, *_), _, _ = select.select([self.request, upstream], [], [])
        data = source.recv(65536)
        if not data or (source is upstream and self.server.loses(data)):
            return False
        (self.request if source is upstream else upstream).sendall(data)
        return True


@contextmanager
def lossy_proxy(url: str, losses: int) -> Iterator[LossyProxy]:
    """Its clients must be gone when it ends: it waits for them."""
    with LossyProxy(url, losses) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
