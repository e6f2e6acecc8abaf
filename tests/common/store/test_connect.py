"""Which server a client finds, by each kind of REDIS_URL."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.line import Line
from common.store.redis_errors import redis_errors
from config.cli.embedded import EmbeddedValkey
from tests.support.redis_servers import Server

pytestmark = pytest.mark.integration


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with closing(Server(tmp_path / "server")) as server:
        yield server


def answer_of(url: str, timeout: float = 5) -> str:
    """Why a command fails."""
    with closing(connect(url, timeout, 1, "key")) as client, pytest.raises(QueueUnavailable) as no:
        Line(client).call(("PING",))
    return str(no.value)


def test_what_is_no_cluster_is_named(valkey: EmbeddedValkey) -> None:
    url = valkey.url.replace("redis://", "redis+cluster://")

    assert "cluster support disabled" in answer_of(url)


def test_what_is_no_sentinel_is_named(valkey: EmbeddedValkey) -> None:
    url = valkey.url.replace("redis://", "redis+sentinel://").replace("/0", "/center")

    assert "unknown command 'SENTINEL'" in answer_of(url)


def test_nodes_that_do_not_answer_take_no_longer_than_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        began = monotonic()

        problem = answer_of(f"redis+sentinel://{','.join([place] * 10)}/center", timeout=0.5)

    assert 0.4 < monotonic() - began < 4.5
    assert problem.count(f"{place} says:") == 10


def test_a_pool_leaves_a_server_that_became_a_replica(server: Server) -> None:
    client = connect(f"redis://{server.address}", 5, 1)
    before = client.client_id()

    server.redis.replicaof("127.0.0.1", 1)
    with pytest.raises(QueueUnavailable, match="read only replica"), redis_errors():
        client.lpush("key", "a")

    assert client.client_id() != before
    client.close()


def test_a_redis_at_a_socket_file_is_reached(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with (
        closing(Server(tmp_path / "redis", f"unixsocket {path}")),
        closing(connect(f"unix://{path}?db=2", timeout=5, connections=1)) as client,
    ):
        assert client.set("a", "b")
