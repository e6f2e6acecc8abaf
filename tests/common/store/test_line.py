"""`Line`: one connection, opened when it is needed and left when it is of no use any more."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import redis

from common.errors import QueueUnavailable
from common.libraries.redis_connection import FollowingConnection
from common.store.connect import Master, connect
from common.store.line import Line
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


def test_a_connection_to_a_former_master_is_left_before_its_next_use(
    servers: tuple[Server, Server],
) -> None:
    master = ToldMaster()
    pool = redis.BlockingConnectionPool(connection_class=FollowingConnection, master=master)
    client = redis.Redis(connection_pool=pool)
    line = Line(client)

    for server in servers:
        master.told = ("127.0.0.1", server.port)
        client.incr("pool")
        line.call(("INCR", "line"))
        master.address = ("127.0.0.1", servers[1].port)  # Somebody else has asked.

    assert [server.redis.mget("pool", "line") for server in servers] == [[b"1", b"1"]] * 2
    client.close()


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_connection_that_redis_has_closed_is_opened_again_before_anything_is_sent(
    valkey: EmbeddedValkey, client: redis.Redis, monkeypatch: pytest.MonkeyPatch, repeatable: bool
) -> None:
    monkeypatch.setattr("common.store.line.IDLE", 0)
    with closing(connect(valkey.url, 5, 1)) as own:
        line = Line(own, repeatable=repeatable)
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
        line = Line(own)
        line.call(("PING",))
        monkeypatch.setattr(redis.Connection, "can_read", None)

        assert line.call(("PING",)) == [b"PONG"]


def test_what_is_asked_is_under_way_before_its_answers_are_wanted(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with closing(connect(valkey.url, 5, 1)) as own:
        line = Line(own)
        answers = line.ask(("RPUSH", key, "a"), ("LLEN", key))
        wait_until(lambda: client.llen(key) == 1, "it is done")

        assert answers() == [1, 1]
        assert line.call(("LLEN", key)) == [1]


def test_what_blocks_comes_before_the_rest_and_has_no_answer(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with closing(connect(valkey.url, 5, 1)) as own:
        answers = Line(own).ask(("LLEN", key), after=("BLPOP", key, 5))
        client.rpush(key, "a", "b")

        assert answers() == [1]


@pytest.mark.parametrize("what", ["another command", "a parting"])
def test_answers_that_are_not_taken_are_lost_with_the_connection(
    valkey: EmbeddedValkey, what: str
) -> None:
    with closing(connect(valkey.url, 5, 1)) as own:
        line = Line(own)
        answers = line.ask(("PING",))
        if what == "a parting":
            line.leave()
        assert line.call(("ECHO", "mine")) == [b"mine"]

        with pytest.raises(QueueUnavailable):
            answers()
