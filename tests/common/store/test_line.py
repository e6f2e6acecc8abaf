import socket
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
import redis
from redis.exceptions import MovedError

from common.errors import QueueUnavailable
from common.store.line import FollowingConnection, Line, Master, connect, redis_errors
from config.cli.embedded import EmbeddedValkey
from config.redis_url import Address, Login, Nodes
from tests.support.processes import wait_until
from tests.support.redis_servers import Server

pytestmark = pytest.mark.integration


class ToldMaster(Master):
    """The master is where `told` says. Unrealistic: nobody is asked."""

    def __init__(self) -> None:
        nodes = Nodes((("nobody.invalid", 1),), Login(), Login())
        super().__init__(nodes, "key", {"socket_timeout": 5})
        self.told: Address = ("nobody.invalid", 1)

    def find(self) -> Address:
        self.address = self.told
        return self.told


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    with closing(Server(tmp_path / "old")) as old, closing(Server(tmp_path / "new")) as new:
        yield old, new


def answer_of(url: str, timeout: float = 5) -> str:
    """Why a command fails."""
    with closing(connect(url, timeout, 1, "key")) as client, pytest.raises(QueueUnavailable) as no:
        Line(client.connection_pool).call(("PING",))
    return str(no.value)


def test_what_is_no_cluster_is_named(valkey: EmbeddedValkey) -> None:
    url = valkey.url.replace("redis://", "redis+cluster://")

    assert "cluster support disabled" in answer_of(url)


def test_what_is_no_sentinel_is_named(valkey: EmbeddedValkey) -> None:
    url = valkey.url.replace("redis://", "redis+sentinel://").replace("/0", "/center")

    assert "unknown command 'SENTINEL'" in answer_of(url)


def test_a_node_of_a_cluster_that_was_taken_for_a_single_redis_is_named() -> None:
    with (
        pytest.raises(QueueUnavailable, match=r"10\.0\.0\.2:6379 .*redis\+cluster://"),
        redis_errors(),
    ):
        raise MovedError("6259 10.0.0.2:6379")


def test_nodes_that_do_not_answer_take_no_longer_than_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        began = monotonic()

        problem = answer_of(f"redis+sentinel://{','.join([place] * 10)}/center", timeout=0.5)

    assert 0.4 < monotonic() - began < 2
    assert problem.count(place) == 10


def test_a_connection_to_a_former_master_is_left_before_its_next_use(
    servers: tuple[Server, Server],
) -> None:
    master = ToldMaster()
    pool = redis.BlockingConnectionPool(connection_class=FollowingConnection, master=master)
    client, line = redis.Redis(connection_pool=pool), Line(pool)

    for server in servers:
        master.told = ("127.0.0.1", server.port)
        client.incr("pool")
        line.call(("INCR", "line"))
        master.address = ("127.0.0.1", servers[1].port)  # Somebody else has asked.

    assert [server.redis.mget("pool", "line") for server in servers] == [[b"1", b"1"]] * 2
    client.close()


def test_a_pool_leaves_a_server_that_became_a_replica(servers: tuple[Server, Server]) -> None:
    server, _ = servers
    client = connect(f"redis://{server.address}", 5, 1)
    before = client.client_id()

    server.redis.replicaof("127.0.0.1", 1)
    with pytest.raises(QueueUnavailable, match="read only replica"), redis_errors():
        client.lpush("key", "a")

    assert client.client_id() != before
    client.close()


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_connection_that_redis_has_closed_is_opened_again_before_anything_is_sent(
    valkey: EmbeddedValkey, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, repeatable: bool
) -> None:
    monkeypatch.setattr("common.store.line.IDLE", 0)
    with closing(connect(valkey.url, 5, 1)) as own:
        line = Line(own.connection_pool, repeatable=repeatable)
        for count in range(1, 4):
            (id_,) = line.call(("CLIENT", "ID"))
            assert line.connects == count
            client.client_kill_filter(_id=id_)
            wait_until(partial(is_gone, client, id_), "closed")


def is_gone(client: redis.Redis, id_: int) -> bool:
    """Whether Redis has closed the connection that it was told to kill."""
    return all(int(each["id"]) != id_ for each in client.client_list())


def test_a_connection_that_is_in_use_is_not_asked_whether_it_is_open(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(valkey.url, 5, 1)) as own:
        line = Line(own.connection_pool)
        line.call(("PING",))
        monkeypatch.setattr(redis.Connection, "can_read", None)

        assert line.call(("PING",)) == [b"PONG"]
