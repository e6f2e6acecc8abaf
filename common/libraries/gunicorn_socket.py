"""The socket of a request that gunicorn serves. It promises neither of these:

- `environ["gunicorn.socket"]` is the connected socket;
- `environ["wsgi.input"].reader.unreader.take_buffered()` is what was read of it too early.
"""

import socket
from collections.abc import Mapping
from typing import Any


class RequestSocket:
    """The socket on which a request came, to be answered on, and taken away from gunicorn."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._socket: socket.socket = environ["gunicorn.socket"]
        self._body = environ["wsgi.input"]

    def send(self, data: bytes) -> None:
        """Send it at once.

        Raises:
            OSError: the client is gone.
        """
        self._socket.send(data)  # A new socket takes so little whole.

    def take(self) -> tuple[int, bytes]:
        """The descriptor, non-blocking and ours alone, and what the client sent too early."""
        early = self._body.reader.unreader.take_buffered()
        # Detached, so that whatever gunicorn does to its socket object cannot reach ours.
        return self._socket.detach(), early
