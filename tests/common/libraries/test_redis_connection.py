"""What we use of redis-py and it does not promise. Each failure says what has changed."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.retry import Retry

from common.libraries.redis_connection import (
    Address,
    FollowingConnection,
    OwnConnection,
    slot_of,
    timeout_of,
)
from config.cli.embedded import EmbeddedValkey
from tests.support.processes import wait_until

VERSION = f"redis-py {redis.__version__}"

CALLS: dict[str, Callable[[Any], object]] = {
    "pack_commands": lambda call: call([("PING",)]),
    "send_packed_command": lambda call: call([b"PING"]),
    "read_response": lambda call: call(),
    "can_read": lambda call: call(),
    "connect": lambda call: call(),
    "disconnect": lambda call: call(),
}


class KnownMaster:
    """Says `told`, and counts how often it was asked."""

    def __init__(self, told: Address) -> None:
        self.address: Address | None = None
        self.told = told
        self.asked = 0

    def find(self) -> Address:
        self.asked += 1
        self.address = self.told
        return self.told


@pytest.fixture
def pool(valkey: EmbeddedValkey) -> Iterator[redis.ConnectionPool]:
    pool = redis.ConnectionPool.from_url(valkey.url, protocol=2)
    yield pool
    pool.disconnect()


@pytest.fixture
def connection(pool: redis.ConnectionPool) -> Iterator[OwnConnection]:
    connection = OwnConnection(pool)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", CALLS)
def test_a_connection_has_what_is_called(name: str) -> None:
    method = getattr(redis.Connection, name, None)
    is_named_only = getattr(method, "__isabstractmethod__", False)

    assert method is not None, f"{VERSION}: a Connection has no `{name}` any more"
    assert not is_named_only, f"{VERSION}: a Connection has no `{name}` any more"
    bind = partial(inspect.signature(method).bind, None)
    try:
        CALLS[name](bind)
    except TypeError as problem:
        pytest.fail(f"{VERSION}: Connection.{name} is called differently now: {problem}")


def test_a_pool_says_how_it_makes_its_connections() -> None:
    pool = redis.BlockingConnectionPool.from_url("redis://nowhere.invalid:7/3", socket_timeout=5)

    kind, options = getattr(pool, "connection_class", None), getattr(pool, "connection_kwargs", {})

    assert isinstance(kind, type), f"{VERSION}: a pool has no `connection_class` any more"
    assert issubclass(kind, redis.Connection), f"{VERSION}: `connection_class` is {kind} now"
    made = {name: options.get(name) for name in ("host", "port", "db", "socket_timeout")}
    wanted = {"host": "nowhere.invalid", "port": 7, "db": 3, "socket_timeout": 5}
    assert made == wanted, f"{VERSION}: a pool's `connection_kwargs` are others now"


def test_a_client_says_how_long_it_waits() -> None:
    said = [timeout_of(redis.Redis(socket_timeout=each)) for each in (2.5, None)]

    assert said == [2.5, 0], f"{VERSION}: `get_connection_kwargs` has no `socket_timeout` any more"


def test_the_slot_of_a_key_is_that_of_its_hash_tag() -> None:
    # From the specification of Redis Cluster.
    assert slot_of("123456789") == 12739, f"{VERSION}: `key_slot` counts differently now"
    assert slot_of("{123456789}:log") == key_slot(b"123456789") == 12739


@pytest.mark.integration
def test_commands_are_answered_in_their_order(connection: OwnConnection) -> None:
    words: list[bytes | str | int | float] = [b"one", "two", 3, 0.5]

    answers = connection.exchange([("ECHO", word) for word in words])

    assert answers == [b"one", b"two", b"3", b"0.5"], f"{VERSION}: answers come differently now"


@pytest.mark.integration
def test_an_error_is_raised_where_it_is_read(connection: OwnConnection) -> None:
    try:
        answer = connection.exchange([("ECHO",)])
    except redis.ResponseError:
        return
    pytest.fail(f"{VERSION}: `read_response` does not raise an error, but returns {answer}")


@pytest.mark.integration
def test_a_connection_that_was_closed_by_redis_can_be_told(
    connection: OwnConnection, client: redis.Redis
) -> None:
    (id_,) = connection.exchange([("CLIENT", "ID")])
    assert not connection.is_closed_by_redis(), f"{VERSION}: `can_read` finds what was not sent"

    client.client_kill_filter(_id=id_)

    wait_until(connection.is_closed_by_redis, f"`can_read` of {VERSION} notices the end")


@pytest.mark.integration
def test_a_connection_of_its_own_is_in_no_pool(
    pool: redis.ConnectionPool, connection: OwnConnection
) -> None:
    (id_,) = connection.exchange([("CLIENT", "ID")])

    with redis.Redis(connection_pool=pool) as client:
        assert client.client_id() != id_, f"{VERSION}: a pool knows connections it has not made"


@pytest.mark.integration
def test_a_pool_connects_before_each_use_and_disconnects_at_an_error(
    valkey: EmbeddedValkey, client: redis.Redis
) -> None:
    options = client.connection_pool.connection_kwargs
    master = KnownMaster((options["host"], options["port"]))
    retry = Retry(NoBackoff(), 0, (redis.ReadOnlyError,))
    pool = redis.BlockingConnectionPool(
        connection_class=FollowingConnection, master=master, retry=retry, protocol=2
    )
    with redis.Redis(connection_pool=pool) as followed:
        first = followed.client_id()
        assert followed.client_id() == first
        assert master.asked == 1, f"{VERSION}: a pool asks for the master too often"

        master.address = ("nobody.invalid", 1)  # Somebody else was told of a new one.
        second = followed.client_id()
        assert second != first, f"{VERSION}: a pool does not `connect` before each use any more"
        assert master.asked == 2

        with pytest.raises(redis.ReadOnlyError):
            followed.eval("return redis.error_reply('READONLY no')", 0)
        third = followed.client_id()
        assert third != second, f"{VERSION}: a pool does not `disconnect` at an error any more"
    pool.disconnect()


@pytest.mark.integration
def test_a_connection_of_its_own_follows_the_master(client: redis.Redis) -> None:
    options = client.connection_pool.connection_kwargs
    master = KnownMaster((options["host"], options["port"]))
    pool = redis.ConnectionPool(connection_class=FollowingConnection, master=master, protocol=2)
    connection = OwnConnection(pool)
    assert not connection.is_outdated

    master.address = ("nobody.invalid", 1)

    assert connection.is_outdated
    connection.close()
