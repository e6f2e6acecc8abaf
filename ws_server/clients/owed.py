"""What a client that is behind or closing has not been sent yet. No I/O here."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from ws_server.log.chunk import Place


class Owed:
    """What a client has not been sent yet: its outbox, then the log after `cursor`.

    The outbox has the rest of a frame that the socket took in part, then frames of the client's
    own: pongs, replies, a close. The rest of a long frame of the log is not in it; `skip` bytes of
    that one are sent. Until it is whole, the outbox waits, and so do `deferred` changes.
    """

    __slots__ = ("cursor", "deferred", "outbox", "progress", "skip", "watcher")

    def __init__(self, place: Place) -> None:
        self.cursor = place.cursor
        self.outbox = bytearray(place.rest)
        self.skip = place.skip
        self.progress = monotonic()  # When the socket last took something.
        self.deferred: list[Callable[[], None]] = []  # Changes of what follows.
        self.watcher: Any = None
