"""Protocols that are not spoken here, and what a program is told that speaks one. No I/O here.

Without that its library would wait for ever for what it understands.
"""

import re

from common.refused import Refused

OF_BACKENDS = re.compile(r"/apps/[^/]+/(events|batch_events|channels|connections|users)\b").match


def is_of_socketio(path: str) -> bool:
    """Whether a request at this path is of a client of Socket.IO."""
    return path.rstrip("/").endswith("/socket.io")


def without_pusher() -> Refused:
    """For a library of Pusher's."""
    return Refused(
        "not_spoken",
        "Pusher's protocol is not spoken here: set PUSHER_APPS=id:key:secret for both servers",
    )


def without_socketio() -> Refused:
    """For a client of Socket.IO."""
    return Refused(
        "not_spoken", "Socket.IO is not spoken here: set SOCKET_IO=1 for the WebSocket server"
    )
