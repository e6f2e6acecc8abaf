"""redis-py's connections, one by one. It promises clients and pools, and not what is used here:

- `connection_class` and `connection_kwargs` of a pool, and its `get_connection`;
- `send_packed_command`, `read_response` and `can_read` of a connection;
- that a pool calls `connect` of a connection before each use, and `disconnect` at each error;
- `_sock` of a connection, the socket of whoever has patched it, and `parse_error` of its parsers.

A client sends one command, waits for its answer, and takes and gives back a connection each time.
With these a few commands share one round trip and have a connection of their own.
"""

import ssl
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import redis
from hiredis import pack_command
from redis._parsers.base import BaseParser
from redis.crc import key_slot

NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
MUST_WRITE = ssl.SSLWantWriteError  # Of receiving: it goes on when the socket can be written to.

_pack: Any = pack_command  # Its types ask for a tuple of one word.

Address = tuple[str, int]
Command = Sequence[str | bytes | int | float]


class MasterAddress(Protocol):
    """Where the master is."""

    address: Address | None  # What `find` said last.

    def find(self) -> Address:
        """Ask for it."""


# The library's Connection has no types.
class FollowingConnection(redis.Connection):
    """A connection to the master, wherever that is at the time."""

    def __init__(self, *, master: MasterAddress, **options: Any) -> None:
        self._master = master
        self._peer: Address | None = None  # None: not connected.
        super().__init__(**options)  # type: ignore[no-untyped-call]

    @property
    def is_outdated(self) -> bool:
        """Whether another server is the master by now."""
        return self._peer != self._master.address

    def connect(self) -> None:
        """Called before each use: so a server that is no longer the master is left then."""
        if self.is_outdated:
            self.disconnect()
        if self._peer is None:
            self._peer = self.host, self.port = self._master.find()
            super().connect()  # type: ignore[no-untyped-call]

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Called by the library, too, at every error."""
        self._peer = None
        super().disconnect(*args, **options)  # type: ignore[no-untyped-call]


class OwnConnection:
    """An open connection like those of a pool, but in no pool: nobody else uses it."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._connection: Any = pool.connection_class(**pool.connection_kwargs)
        self._follows = isinstance(self._connection, FollowingConnection)
        self._connection.connect()

    @property
    def is_outdated(self) -> bool:
        """Whether it leads to a server that is no longer the master."""
        return self._follows and self._connection.is_outdated

    def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands at once; their answers, as RESP2 has them.

        After an error it must be closed: answers that nobody has read may still come.

        Raises:
            redis.RedisError: one of them was answered with an error, or the connection is lost.
        """
        self.send(commands)
        return self.receive(len(commands))

    def send(self, commands: Sequence[Command]) -> None:
        """Send the commands; their answers are to be received.

        Raises:
            redis.RedisError: the connection is lost.
        """
        # Not by `pack_commands`, which takes five times as long.
        self._connection.send_packed_command([b"".join(map(_pack, commands))])

    def receive(self, count: int) -> list[Any]:
        """The next so many answers; all else as `exchange`."""
        return [self._connection.read_response() for _ in range(count)]

    def is_closed_by_redis(self) -> bool:
        """Whether Redis has closed it, asked while no answer is awaited."""
        try:
            return bool(self._connection.can_read())  # Nobody has asked for anything.
        except (redis.ConnectionError, OSError):
            return True

    def unblock(self) -> "OwnSocket":
        """Its socket, that does not wait from now on; it is closed with the connection."""
        return OwnSocket(self._connection._sock)

    def close(self) -> None:
        """Close it."""
        self._connection.disconnect()


class OwnSocket:
    """A socket of a connection, plain or with TLS; nothing of it waits.

    With TLS the kernel may have to be read to send, and to be written to receive: so after an
    event of either kind, both are to be tried.
    """

    def __init__(self, socket: Any) -> None:
        socket.settimeout(0)
        self.descriptor: int = socket.fileno()
        self.must_be_emptied = isinstance(socket, ssl.SSLSocket)  # It holds what is decrypted.
        # That of the interpreter, below the one of gevent, which would only look at the time.
        plain = socket if self.must_be_emptied else getattr(socket, "_sock", socket)
        # With a number of bytes, or with bytes; they raise one of NOT_NOW if nothing can be done.
        self.receive: Callable[[int], bytes] = plain.recv
        self.send: Callable[[bytes | memoryview], int] = plain.send


def error_of(text: str) -> Exception:
    """The library's error for an answer that is one, without the `-` before it."""
    error: Exception = BaseParser.parse_error(text)
    return error


def timeout_of(client: redis.Redis) -> float:
    """Seconds that a client waits for an answer; 0 if it waits for ever."""
    return client.get_connection_kwargs().get("socket_timeout") or 0


def slot_of(key: str) -> int:
    """The slot of a cluster in which a key lies."""
    return key_slot(key.encode())
