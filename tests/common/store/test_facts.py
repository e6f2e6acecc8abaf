"""A real Valkey tells of itself, and as much as a user may ask."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from common.errors import QueueUnavailable
from common.store.facts import Facts, ask_facts
from tests.support.processes import free_port
from tests.support.redis_servers import Server

pytestmark = pytest.mark.integration
KEY = "message_center"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with closing(Server(tmp_path_factory.mktemp("facts") / "redis", "maxmemory 50mb")) as server:
        yield server


def test_who_may_ask_is_told_all(server: Server) -> None:
    facts = ask_facts(f"redis://{server.address}/0", 5.0, KEY)

    assert facts.name.startswith("Valkey 9")
    assert facts.version >= (7, 2)
    assert facts.number("maxmemory") == 50 * 1024 * 1024
    assert facts.info["aof_enabled"] == "0"
    assert facts.settings == {"appendfsync": "everysec", "save": ""}
    assert facts.ahead is not None
    assert abs(facts.ahead) < 1
    assert 0 < facts.milliseconds < 5000
    assert server.redis.keys() == []


def test_who_may_not_ask_is_told_that_it_answers(server: Server) -> None:
    server.redis.execute_command("ACL", "SETUSER", "me", "on", ">PASSWORD", "~*", "+get")

    facts = ask_facts(f"redis://me:PASSWORD@{server.address}/0", 5.0, KEY)

    assert (facts.info, facts.settings, facts.ahead, facts.version) == ({}, {}, None, ())
    assert facts.name == "Redis"


def test_a_wrong_password_is_said_and_not_shown(server: Server) -> None:
    with pytest.raises(QueueUnavailable) as refused:
        ask_facts(f"redis://me:wrong-password@{server.address}/0", 5.0, KEY)

    assert "invalid username-password pair" in str(refused.value)
    assert "wrong-password" not in str(refused.value)


def test_nobody_there_is_said() -> None:
    with pytest.raises(QueueUnavailable):
        ask_facts(f"redis://127.0.0.1:{free_port()}/0", 1.0, KEY)


def test_an_odd_number_is_none() -> None:
    facts = Facts(milliseconds=1, info={"redis_version": "6.2.x", "maxmemory": "much"})

    assert facts.version == (6, 2)
    assert facts.number("maxmemory") == 0
