"""A network that cuts connections in the middle of whatever passes, in both directions."""

import random
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Cuts `cuts` connections, each after some bytes of an answer, at most `most`.

    While `flowing` is not set nothing passes, as where all packets are lost.
    """

    daemon_threads = True

    def __init__(self, port: int, cuts: int, most: int) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.upstream = ("127.0.0.1", port)
        self.port: int = self.server_address[1]
        self.flowing = threading.Event()
        self.flowing.set()
        self.cuts = 0  # So many were made.
        self._left = cuts
        self._most = most
        self._random = random.Random(7)
        self._lock = threading.Lock()

    def bytes_until_cut(self) -> int | None:
        """For one connection; None if it is not to be cut."""
        with self._lock:
            if not self._left:
                return None
            self._left -= 1
            return self._random.randrange(self._most)

    def end(self, left: int | None) -> None:
        """A connection ended by itself before its cut: another one is cut in its place."""
        if left is not None:
            with self._lock:
                self._left += 1

    def count(self) -> None:
        """A connection was cut."""
        with self._lock:
            self.cuts += 1


class _Relay(socketserver.BaseRequestHandler):
    server: CuttingProxy

    def handle(self) -> None:
        left = self.server.bytes_until_cut()
        with suppress(OSError), socket.create_connection(self.server.upstream) as upstream:
            while (source := self._readable(upstream)) and (data := source.recv(4096)):
                self.server.flowing.wait()
                if source is self.request:
                    upstream.sendall(data)
                    continue
                self.request.sendall(data[:left])
                if left is not None and left <= len(data):
                    self.server.count()
                    return
                left = None if left is None else left - len(data)
        self.server.end(left)

    def _readable(self, upstream: socket.socket) -> socket.socket:
        (source, *_), _, _ = select.select([self.request, upstream], [], [])
        assert isinstance(source, socket.socket)
        return source


@contextmanager
def cutting_proxy(port: int, cuts: int, most: int) -> Iterator[CuttingProxy]:
    """To a server of this machine."""
    with CuttingProxy(port, cuts, most) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
