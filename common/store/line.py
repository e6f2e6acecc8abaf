"""One connection to Redis for commands that follow each other.

It knows no key and no command of the project, and repeats nothing that could be done twice.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic, perf_counter
from typing import Any

import redis
from redis.exceptions import NoScriptError

from common.libraries.redis_connection import Command, OwnConnection
from common.store.redis_errors import redis_errors
from common.store.redis_meter import meter_of, opened

IDLE = 0.5  # Seconds; Redis closes no connection that was used within the last second.


class Line:
    """A connection that is opened when it is needed, and closed at an error.

    Lean on purpose: half of the server's work for a message is its round trips.
    """

    def __init__(
        self, client: redis.Redis, script: bytes | None = None, *, repeatable: bool = False
    ) -> None:
        """The connection is like those of `client`, and in no pool."""
        self._pool = client.connection_pool
        self._meter = meter_of(client)
        self._repeatable = repeatable  # Its commands only read.
        self._script = script  # To be known to the server before the first command.
        self._connection: OwnConnection | None = None
        self._used = 0.0  # When it answered last.
        self.connects = 0  # How often it was opened.
        self._lock = threading.Lock()
        self._asked: object = None  # What was asked and is not answered yet.

    def call(self, *commands: Command) -> list[Any]:
        """Send the commands at once; their answers, as RESP2 has them.

        Raises:
            QueueUnavailable: Redis did not answer, or answered one of them with an error.
        """
        with self._lock, redis_errors():
            was_open = self._connection is not None
            try:
                return self._exchange(commands)
            except NoScriptError:  # The server has forgotten it: nothing was done, so do it now.
                return self._exchange(commands)
            except redis.ConnectionError:  # Redis may have closed it while it was idle.
                if not (self._repeatable and was_open):
                    raise
                return self._exchange(commands)

    def ask(self, *commands: Command, after: Command | None = None) -> Callable[[], list[Any]]:
        """Send the commands now, and wait for their answers in a call of what comes back.

        `after`: a command that may block, before the others; its answer is not wanted. Whatever
        else is sent before the answers are taken closes the connection, and they are lost.

        Raises:
            QueueUnavailable: as `call`, by both. What was sent may be done all the same.
        """
        with self._lock, redis_errors():
            connection = self._ready()
            with self._closing(commands):
                connection.send([after, *commands] if after else commands)
            self._asked = asked = object()
        return partial(self._answers, asked, commands, waits=after is not None)

    def _answers(self, asked: object, commands: Sequence[Command], *, waits: bool) -> list[Any]:
        with self._lock, redis_errors():
            connection = self._connection
            if connection is None or self._asked is not asked:
                raise redis.ConnectionError("the connection was closed before the answer")
            try:
                with self._closing(commands):
                    self._asked, began = None, perf_counter()
                    answers = connection.receive(len(commands) + waits)
            except NoScriptError:  # As in `call`.
                return self._exchange(commands)
            self._used = monotonic()
            if not waits:
                self._meter.note(commands[0], began)
            return answers[waits:]

    def leave(self) -> None:
        """Close the connection: the next command may reach another server."""
        with self._lock:
            self._close()

    def rehearse(self, command: Command) -> None:
        """Have a command checked and not done, by a transaction that is thrown away.

        Redis checks a command of a transaction when it comes: rights, memory, its own role, the
        disk and the replicas. It does not look at the types of keys then.

        Raises:
            QueueUnavailable: it would be refused; or Redis did not answer.
        """
        with self._lock, redis_errors():
            # First, and by itself: if it fails, what follows would be done at once.
            connection = self._ready()
            self._send(connection, [("MULTI",)])
            self._send(connection, [command, ("DISCARD",)])

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        return self._send(self._ready(), commands)

    def _ready(self) -> OwnConnection:
        connection = self._connection
        if connection is None or self._asked is not None or connection.is_outdated:
            return self._open()
        if self._is_closed(connection):
            return self._open()
        return connection

    def _send(self, connection: OwnConnection, commands: Sequence[Command]) -> list[Any]:
        began = perf_counter()
        with self._closing(commands):
            answers = connection.exchange(commands)
        self._used = monotonic()
        self._meter.note(commands[0], began)
        return answers

    @contextmanager
    def _closing(self, commands: Sequence[Command]) -> Iterator[None]:
        """An error ends the connection."""
        try:
            yield
        except BaseException as problem:
            # Answers that still come belong to commands that nobody waits for any more.
            self._close()
            self._meter.fail(commands[0], problem)
            raise

    def _is_closed(self, connection: OwnConnection) -> bool:
        """Whether Redis has closed the connection while it was idle, by its `timeout`, say.

        Asked before anything is sent: so nothing can be done twice.
        """
        return monotonic() - self._used >= IDLE and connection.is_closed_by_redis()

    def _open(self) -> OwnConnection:
        self._close()
        self._connection = connection = opened(self._pool, self._meter)
        if self._script is not None:
            self._send(connection, [("SCRIPT", "LOAD", self._script)])
        self.connects += 1
        return connection

    def _close(self) -> None:
        connection, self._connection, self._asked = self._connection, None, None
        if connection is not None:
            connection.close()
