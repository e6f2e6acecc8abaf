"""The way to Redis: its connections, and its errors as ours. Only this file imports the driver.

It knows no key and no command of the project.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from time import monotonic
from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError
from redis.retry import Retry

from common.errors import QueueUnavailable

Client: TypeAlias = redis.Redis
Command = tuple[str | bytes | int | float, ...]


def connect(url: str, timeout: float, connections: int) -> redis.Redis:
    """A client with at most `connections` connections, each command tried once.

    Connects lazily. `timeout` (seconds) bounds connecting, each answer, and the
    wait for a free connection.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    return redis.Redis(connection_pool=pool)


class Line:
    """One connection for commands that follow each other; opened when needed, closed at an error.

    Lean on purpose: half of the server's work for a message is its round trips.
    """

    def __init__(
        self, pool: redis.ConnectionPool, script: bytes | None = None, *, repeatable: bool = False
    ) -> None:
        self._pool = pool
        self._repeatable = repeatable  # Its commands only read.
        self._script = script  # To be known to the server before the first command.
        self._connection: Any = None
        self.connects = 0  # How often it was opened.
        self._lock = threading.Lock()

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
            except redis.ConnectionError:  # Closed while it was idle, perhaps.
                if not (self._repeatable and was_open):
                    raise
                return self._exchange(commands)

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._connection or self._connect()
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            return [connection.read_response() for _ in commands]
        except BaseException:
            # What is on its way belongs to commands that nobody waits for any more.
            self._connection = None
            connection.disconnect()
            raise

    def _connect(self) -> Any:
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        connection.connect()
        if self._script is not None:
            connection.send_command("SCRIPT", "LOAD", self._script)
            connection.read_response()
        self._connection = connection
        self.connects += 1
        return connection


class Script:
    """A script that is run over the client's pool, so that no caller waits for another."""

    def __init__(self, client: Client, source: str) -> None:
        self._client = client
        self._source = source
        self._sha = sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._retry_within: float = client.get_connection_kwargs().get("socket_timeout") or 0

    def run(self, keys: Sequence[str], arguments: Command, *, repeatable: bool) -> Any:
        """Its answer. After a lost connection a `repeatable` run is tried once more.

        Only before `timeout` has passed: whoever waits has waited long enough then.

        Raises:
            QueueUnavailable: Redis did not answer, or answered with an error.
        """
        began = monotonic()
        with redis_errors():
            try:
                return self._evaluate(keys, arguments)
            except redis.ConnectionError:
                if not repeatable or monotonic() - began >= self._retry_within:
                    raise
                return self._evaluate(keys, arguments)

    def _evaluate(self, keys: Sequence[str], arguments: Command) -> Any:
        words = (*keys, *arguments)
        try:
            return self._client.evalsha(self._sha, len(keys), *words)
        except NoScriptError:  # The server does not know it yet: nothing was done.
            return self._client.eval(self._source, len(keys), *words)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Every failure of Redis or of the way to it as `QueueUnavailable`."""
    try:
        yield
    except (redis.RedisError, OSError) as problem:
        raise QueueUnavailable(str(problem) or type(problem).__name__) from problem
