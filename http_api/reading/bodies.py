"""The bodies of requests: how they are read, and how much of them a process holds at once.

A body is held whole, as a message that was cut short must not be pushed. Bytes count when they
have arrived, not when a Content-Length announces them: that costs its sender nothing. What a body
means is not known here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from common.refused import Refused

KIB = 1024
FREE = 64 * KIB  # So much of each is not counted: the slots for requests bound that.
STEP = 64 * KIB
AT_ONCE = 4  # Bodies of the largest size that a process holds.


class Bodies:
    """All bodies that a process holds: `longest` bytes of each at most, and `most` of all."""

    def __init__(self, longest: int, most: int) -> None:
        self._longest = longest
        self._room = most
        self._lock = Lock()  # Some web servers have several threads.

    @property
    def longest(self) -> int:
        """Bytes that a body may have."""
        return self._longest

    @contextmanager
    def read(self, request: Request) -> Iterator[bytes]:
        """The whole body; it counts until the block ends.

        Raises:
            Refused: it was cut short, or there is no room for it now.
            RequestEntityTooLarge: it is longer than it may be.
        """
        length = request.content_length
        if length is not None and length <= min(FREE, self._longest):
            data = _read(request, length) if length else b""
            _refuse_cut(data, length)
            yield data
            return
        self._refuse_announced(length)
        counted = 0
        chunks = []
        try:
            for chunk, total in _chunks(request, length, self._longest):
                more = max(0, total - FREE) - counted
                self._take(more)
                counted += more
                chunks.append(chunk)
            data = b"".join(chunks)
            chunks.clear()
            _refuse_cut(data, length)
            yield data
        finally:
            self._take(-counted)

    def _refuse_announced(self, length: int | None) -> None:
        """Refuse by its Content-Length, before anything is read."""
        if length is not None and length > self._longest:
            raise RequestEntityTooLarge
        if length is not None and length > self._room + FREE:
            raise _no_room()

    def _take(self, count: int) -> None:
        with self._lock:
            if count > self._room:
                raise _no_room()
            self._room -= count


def has_first_byte(request: Request) -> bool:
    """Whether a body without a length is not empty: its first byte is read."""
    return any(True for _ in _chunks(request, None, 1, step=1))


def _chunks(
    request: Request, length: int | None, longest: int, step: int = STEP
) -> Iterator[tuple[bytes, int]]:
    """Each chunk with how much there has been; never more than `longest`."""
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return  # There is no body, or no telling where it ends.
    total = 0
    while length is None or total < length:
        chunk = _read(request, step if length is None else min(step, length - total))
        if not chunk:
            return
        total += len(chunk)
        if total > longest:
            raise RequestEntityTooLarge
        yield chunk, total


def _read(request: Request, size: int) -> bytes:
    """Some of the body; nothing at its end."""
    try:
        return bytes(request.environ["wsgi.input"].read(size))
    except OSError:  # The client has left in the middle: no failure of ours, so none is logged.
        raise _cut_short() from None


def _refuse_cut(data: bytes, length: int | None) -> None:
    if length is not None and len(data) < length:
        raise _cut_short()


def _cut_short() -> Refused:
    return Refused("body_cut_short", "the body ended before its Content-Length")


def _no_room() -> Refused:
    reason = "too many large bodies are under way, try again"
    return Refused("too_many_bodies", reason, {"Retry-After": "1"})
