"""One connection to Redis that is served by the event loop: nothing of it waits, but opening it.

It is for commands whose answers are one line each: a number, or an error. It knows no key and no
command of the project, and repeats nothing.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol

import gevent

from common.libraries.gevent_watchers import READ, WRITE, end_watching, watcher_of
from common.libraries.redis_connection import (
    MUST_WRITE,
    NOT_NOW,
    OwnConnection,
    OwnSocket,
    error_of,
)
from common.store.connect import PARTING, Client
from common.store.redis_errors import Failure, failure, told
from common.store.redis_meter import meter_of, opened

READ_BYTES = 64 * 1024
LONGEST_ANSWER = 64 * 1024  # Bytes; Redis repeats parts of a command in some errors.
CLOSED = "Redis has closed the connection"
NONSENSE = "the answer is not one of Redis"

Answer = int | Failure
PUSH = "lpush"  # As it is counted, whatever is sent.


class Listener(Protocol):
    """Who is told what happens. It may call the line in turn, and must not fail."""

    def opened(self, problem: str | None) -> None:
        """The connection is open; or it could not be opened."""

    def answered(self, answers: Sequence[Answer]) -> None:
        """The next answers, in the order of the commands."""

    def lost(self, problem: str) -> None:
        """The connection is closed; whether the commands without an answer were done is unknown."""


class EventLine:
    """Opened in a greenlet of its own, as that waits; then it is a socket with a watcher.

    The watcher sees at once, too, that Redis closes a connection that is idle.
    """

    def __init__(self, client: Client) -> None:
        """It is like the connections of `client`, and in no pool."""
        self.listener: Listener
        self._pool = client.connection_pool
        self.meter = meter_of(client)
        self._sent = 0.0  # When the commands that await answers were sent.
        self._connection: OwnConnection | None = None
        self._socket: OwnSocket
        self._reading: Any = None
        self._writing: Any = None
        self._opening: Any = None
        self._timer: Any = None
        self._is_parting = False  # The next command is to go to another server.
        self._unsent: bytes | memoryview = b""
        self._rest = b""  # Of an answer that has not come whole.

    @property
    def is_ready(self) -> bool:
        """Whether it is open, and to the master as far as we know."""
        connection = self._connection
        return not (connection is None or self._is_parting or connection.is_outdated)

    def open(self) -> None:
        """Open it, again if it is not ready; the listener is told. Once is enough."""
        if self._opening is None:
            self.close()
            self._opening = gevent.spawn(self._open)

    def send(self, data: bytes) -> None:
        """Send commands. Only if it is ready, and nothing awaits an answer."""
        self._unsent, self._sent = data, perf_counter()
        self._write()

    def close(self) -> None:
        """Close it; nobody is told."""
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.kill(block=False)
        end_watching(self._reading)
        end_watching(self._writing)
        self._reading = self._writing = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def call_soon(self, call: Callable[[], None]) -> None:
        """Call when this turn of the event loop is over: all that it has read is known then."""
        gevent.get_hub().loop.run_callback(call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after some time; what was to be called later before is not."""
        end_watching(self._timer)
        self._timer = gevent.get_hub().loop.timer(seconds)
        self._timer.start(call)

    def _open(self) -> None:
        try:
            connection = opened(self._pool, self.meter)
            self._socket = connection.unblock()
        except Exception as problem:
            self._opening = None
            self.listener.opened(told(problem))
            return
        self._opening = None
        self._connection = connection
        self._is_parting, self._rest, self._unsent = False, b"", b""
        self._reading = watcher_of(self._socket.descriptor, READ)
        self._reading.start(self._turn)
        self.listener.opened(None)

    def _turn(self) -> None:
        """Something can be read, or written."""
        if self._unsent:
            self._write()
        while self._connection is not None and self._read() and self._socket.must_be_emptied:
            pass

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except NOT_NOW:
            sent = 0
        except OSError as problem:
            self._lose(told(problem))
            return
        # A view: what is left of a large command is not copied each time.
        self._unsent = memoryview(self._unsent)[sent:] if sent < len(self._unsent) else b""
        if self._unsent or self._writing is not None:
            self._watch_for_room(is_needed=bool(self._unsent))

    def _watch_for_room(self, *, is_needed: bool) -> None:
        if is_needed and self._writing is None:
            self._writing = watcher_of(self._socket.descriptor, WRITE)
            self._writing.start(self._turn)
        elif not is_needed and self._writing is not None:
            end_watching(self._writing)
            self._writing = None

    def _read(self) -> bool:
        """Whether something was there, and the connection is still open."""
        try:
            data = self._socket.receive(READ_BYTES)
        except NOT_NOW as problem:
            self._watch_for_room(is_needed=bool(self._unsent) or isinstance(problem, MUST_WRITE))
            return False
        except OSError as problem:
            self._lose(told(problem))
            return False
        if not data:
            self._lose(CLOSED)
            return False
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        self._tell(lines)
        return self._connection is not None

    def _tell(self, lines: Sequence[bytes]) -> None:
        """Nothing is told after the first line that is no answer of Redis."""
        answers = list[Answer]()
        try:
            for line in lines:
                is_number = line[:1] == b":" and line[1:].isdigit()
                answers.append(int(line[1:]) if is_number else self._failure(line))
            is_nonsense = len(self._rest) > LONGEST_ANSWER
        except (ValueError, IndexError, TypeError):
            is_nonsense = True
        if is_nonsense:
            self.close()  # First, so that nothing more is sent.
        if answers:
            self._count(answers)
            self.listener.answered(answers)
        if is_nonsense:
            self.listener.lost(NONSENSE)

    def _count(self, answers: Sequence[Answer]) -> None:
        """The first of them tells how long it took."""
        if self._sent:
            self.meter.seconds[PUSH].note(perf_counter() - self._sent)
            self._sent = 0.0
        for answer in answers:
            if isinstance(answer, Failure) and not answer.is_forgotten:
                self.meter.errors[PUSH] += 1

    def _failure(self, line: bytes) -> Failure:
        """What a line says that is no number.

        Raises:
            ValueError: it is no error either.
        """
        if line[:1] != b"-":
            raise ValueError(NONSENSE)
        problem = error_of(line[1:].decode(errors="replace"))
        self._is_parting |= isinstance(problem, PARTING)
        return failure(problem)

    def _lose(self, problem: str) -> None:
        if self._sent:
            self.meter.errors[PUSH] += 1
        self._sent = 0.0
        self.close()
        self.listener.lost(problem)
