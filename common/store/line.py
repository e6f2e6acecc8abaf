"""The way to Redis: where it is, its connections, and its errors as ours.

Only this file imports the driver. It knows no key and no command of the project, and
it tries nothing twice that could be done twice.
"""

import random
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from importlib import resources
from time import monotonic
from typing import Any, TypeAlias

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, NoScriptError, ReadOnlyError
from redis.retry import Retry

from common.errors import QueueUnavailable
from common.store.redis_words import known_words, own_words
from config.redis_url import Address, Nodes

Client: TypeAlias = redis.Redis
Command = tuple[str | bytes | int | float, ...]

# At these a connection is closed, so that the next command may reach another server: after a
# failover, the answers (a MOVED is an AskError) of one that is not, or not yet, the master.
PARTING = (
    redis.ConnectionError,
    redis.TimeoutError,
    socket.timeout,
    ReadOnlyError,
    AskError,
    ClusterDownError,
)

IDLE = 0.5  # Seconds; Redis closes none that was used within the last one.

# What the driver says itself; all others repeat what Redis has answered.
OWN_PROBLEMS = (redis.ConnectionError, redis.TimeoutError, redis.DataError)


def connect(url: str, timeout: float, connections: int, key: str = "") -> redis.Redis:
    """A client with at most `connections` connections, each command tried once.

    Connects lazily. `timeout` (seconds) bounds connecting, each answer, and the
    wait for a free connection. A cluster is asked for the master that has `key`.
    """
    options: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0, PARTING),
        "protocol": 2,
    }
    bounds: dict[str, Any] = {"max_connections": connections, "timeout": timeout}
    nodes = Nodes.parse(url)
    if nodes is None:
        pool = redis.BlockingConnectionPool.from_url(url, **bounds, **options)
    else:
        pool = redis.BlockingConnectionPool(
            connection_class=FollowingConnection,
            master=Master(nodes, key, options),
            username=nodes.login.username,
            password=nodes.login.password,
            db=nodes.db,
            **bounds,
            **options,
        )
    return redis.Redis(connection_pool=pool)


class Master:
    """Where the master is. The nodes are asked anew for each connection to it.

    `address` is what they said last: a connection to any other is out of date.
    """

    def __init__(self, nodes: Nodes, key: str, options: dict[str, Any]) -> None:
        self.address: Address | None = None
        self._nodes = nodes
        self._slot = key_slot(key.encode())
        # All that do not answer take no longer than one that does not.
        patience = options["socket_timeout"] / len(nodes.addresses)
        self._options = {
            **options,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "username": nodes.node_login.username,
            "password": nodes.node_login.password,
        }

    def find(self) -> Address:
        """Ask one node after the other, in any order, as one may be cut off and know nothing new.

        Raises:
            redis.ConnectionError: none of them knows.
        """
        ask = self._ask_sentinel if self._nodes.service else self._ask_cluster
        problems = []
        for host, port in random.sample(self._nodes.addresses, len(self._nodes.addresses)):
            try:
                with redis.Redis(host, port, **self._options) as node:
                    self.address = ask(node, host)
                    return self.address
            except (redis.RedisError, OSError) as problem:
                problems.append(f"{host}:{port} says: {_told(problem)}")
        raise redis.ConnectionError(f"where is the master? {'; '.join(problems)}")

    def _ask_sentinel(self, node: Any, _host: str) -> Address:
        state = node.sentinel_master(self._nodes.service)
        if not state["is_master"] or state["is_sdown"] or state["is_odown"]:
            raise redis.ConnectionError(f"the sentinels see that {self._nodes.service} is down")
        return state["ip"], state["port"]

    def _ask_cluster(self, node: Any, host: str) -> Address:
        for first, last, master, *_replicas in node.execute_command("CLUSTER SLOTS"):
            if first <= self._slot <= last:
                return (master[0] or b"").decode() or host, master[1]  # No host: the same.
        raise redis.ConnectionError(f"no node of the cluster has slot {self._slot}")


# The driver's Connection has no types.
class FollowingConnection(redis.Connection):
    """A connection to the master, wherever that is at the time."""

    def __init__(self, *, master: Master, **options: Any) -> None:
        self._master = master
        self._peer: Address | None = None  # None: not connected.
        super().__init__(**options)  # type: ignore[no-untyped-call]

    @property
    def is_outdated(self) -> bool:
        """Whether another server is the master by now."""
        return self._peer != self._master.address

    def connect(self) -> None:
        """Also called before each use: then it leaves a server that is the master no more."""
        if self.is_outdated:
            self.disconnect()
        if self._peer is None:
            self._peer = self.host, self.port = self._master.find()
            super().connect()  # type: ignore[no-untyped-call]

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Called by the driver, too, at every error."""
        self._peer = None
        super().disconnect(*args, **options)  # type: ignore[no-untyped-call]


class Line:
    """One connection for commands that follow each other; opened when needed, closed at an error.

    Lean on purpose: half of the server's work for a message is its round trips.
    """

    def __init__(
        self, pool: redis.ConnectionPool, script: bytes | None = None, *, repeatable: bool = False
    ) -> None:
        self._pool = pool
        self._follows = issubclass(pool.connection_class, FollowingConnection)
        self._repeatable = repeatable  # Its commands only read.
        self._script = script  # To be known to the server before the first command.
        self._connection: Any = None
        self._used = 0.0  # When it answered last.
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

    def leave(self) -> None:
        """Close the connection: the next command may reach another server."""
        with self._lock:
            if self._connection is not None:
                self._connection.disconnect()
            self._connection = None

    def rehearse(self, command: Command) -> None:
        """Have a command checked and not done, by a transaction that is thrown away.

        Redis checks what it is to do later as soon as it comes: rights, memory, its role, the
        disk and the replicas. The types of keys it does not look at.

        Raises:
            QueueUnavailable: it would be refused; or Redis did not answer.
        """
        with self._lock, redis_errors():
            # By itself: without a transaction what follows would be done.
            self._exchange([("MULTI",)])
            self._send(self._connection, [command, ("DISCARD",)])

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = self._connection
        if connection is None or (self._follows and connection.is_outdated) or self._is_closed():
            connection = self._open()
        return self._send(connection, commands)

    def _send(self, connection: Any, commands: Sequence[Command]) -> list[Any]:
        try:
            connection.send_packed_command(connection.pack_commands(commands))
            answers = [connection.read_response() for _ in commands]
            self._used = monotonic()
            return answers
        except BaseException:
            # What is on its way belongs to commands that nobody waits for any more.
            self._connection = None
            connection.disconnect()
            raise

    def _is_closed(self) -> bool:
        """Whether Redis has closed the connection while it was idle, by its `timeout`, say.

        Asked before anything is sent: so nothing can be done twice.
        """
        if monotonic() - self._used < IDLE:
            return False
        try:
            return bool(self._connection.can_read())  # Nobody has asked for anything.
        except (redis.ConnectionError, OSError):
            return True

    def _open(self) -> Any:
        if self._connection is not None:
            self._connection.disconnect()
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        connection.connect()
        if self._script is not None:
            connection.send_command("SCRIPT", "LOAD", self._script)
            connection.read_response()
        self._connection = connection
        self.connects += 1
        return connection


def source(name: str) -> str:
    """The text of one of the scripts that lie beside this file."""
    return resources.files("common.store").joinpath(name).read_text("utf-8")


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
    except AskError as moved:
        raise QueueUnavailable(
            f"the queue is at {moved.host}:{moved.port} of a cluster now "
            "(REDIS_URL must be redis+cluster://…, or the cluster is not followed)"
        ) from None
    except (redis.RedisError, OSError) as problem:
        # Not from the problem: Redis may have quoted a message in it, and tracebacks are logged.
        raise QueueUnavailable(_told(problem)) from None


def _told(problem: Exception) -> str:
    if isinstance(problem, OSError) or type(problem) in OWN_PROBLEMS:
        return own_words(str(problem)) or type(problem).__name__
    return known_words(str(problem), type(problem).__name__)
