"""Whatever command fails in settle.lua, no item is lost or doubled; with a real server.

Each test takes one right away from the user of `settler`, or breaks something else, and
counts what is where.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.connect import connect
from common.store.log import SETTLE_MESSAGES
from common.store.log_state import Settled
from config.cli.embedded import EmbeddedValkey
from tests.support.redis_servers import Server
from tests.support.store import Center

pytestmark = pytest.mark.integration

NOTHING = Mark("", 0)
UNREADABLE = b"\x1e{not readable"
ITEMS = [*(b"m%d" % at for at in range(10)), UNREADABLE, *(b"n%d" % at for at in range(200))]
GOOD = [item for item in ITEMS if item != UNREADABLE]
LAST_ID = "18446744073709551615-18446744073709551615"


@pytest.fixture
def settler(valkey: EmbeddedValkey, client: redis.Redis, key: str) -> Iterator[Center]:
    """A center whose user may do everything with the keys of the message center."""
    client.acl_setuser(key, reset=True, enabled=True, nopass=True, keys=[key, f"{{{key}}}:*"])
    may(client, key, "+@all")
    url = valkey.url.replace("redis://", f"redis://{key}:x@")
    own = connect(url, timeout=5, connections=2)
    yield Center(own, key)
    own.connection_pool.disconnect()
    client.acl_deluser(key)


def may(client: redis.Redis, user: str, *rules: str) -> None:
    client.execute_command("ACL", "SETUSER", user, *rules)


def settle(center: Center) -> Settled:
    return center.log.settle_and_read(NOTHING, 1)[0]


def try_to_settle(center: Center, times: int = 3) -> str:
    """What it says when it fails."""
    problem = ""
    for _ in range(times):
        try:
            problem = problem or settle(center).problem
        except QueueUnavailable as failed:
            problem = problem or failed.reason
    return problem


def places(client: redis.Redis, key: str) -> dict[str, list[Any]]:
    """Where each item is; the queue in the order in which it will be popped."""
    entries: Any = client.xrange(f"{{{key}}}:log")
    aside: list[Any] = client.lrange(f"{{{key}}}:rejected", 0, -1)
    queue = [*client.lrange(key, 0, -1), *client.lrange(f"{{{key}}}:wip", 0, -1)][::-1]
    return {"log": [each[b"c"] for _, each in entries], "aside": aside, "queue": queue}


def assert_all_is_well_again(center: Center, client: redis.Redis, key: str) -> None:
    while settle(center).waiting:
        pass
    assert settle(center).problem == ""
    assert places(client, key) == {"log": GOOD, "aside": [UNREADABLE], "queue": []}


@pytest.mark.parametrize(
    "right",
    ["xadd", "lpush", "rpop", "lrange", "set", "get", "xtrim", "xrange", "exists"],
)
def test_a_right_that_is_taken_away_costs_no_item(
    settler: Center, client: redis.Redis, key: str, right: str
) -> None:
    client.lpush(key, *ITEMS)
    if right == "rpop":
        may(client, key, "-ltrim")
    may(client, key, f"-{right}")

    problem = try_to_settle(settler)

    found = places(client, key)
    assert sorted(found["log"] + found["aside"] + found["queue"]) == sorted(ITEMS)
    assert "run" in problem
    assert "command" in problem
    may(client, key, f"+{right}")
    assert_all_is_well_again(settler, client, key)


def test_without_the_right_to_count_what_waits_a_settle_says_so_as_soon_as_something_does(
    settler: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(key, *ITEMS)
    client.lpush(key, *(b"too many" for _ in range(SETTLE_MESSAGES)))
    may(client, key, "-llen")

    first, second = settle(settler), settle(settler)

    assert (first.moved + first.rejected, first.problem.split(":")[0]) == (SETTLE_MESSAGES, "LLEN")
    assert (second.moved, second.problem) == (len(ITEMS), "")


def test_without_the_right_to_trim_the_queue_it_is_popped(
    settler: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(key, *ITEMS)
    may(client, key, "-ltrim")

    assert_all_is_well_again(settler, client, key)


def test_what_comes_before_an_item_that_cannot_be_written_is_settled(
    settler: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(key, *ITEMS)
    may(client, key, "-lpush")

    done = settle(settler)

    assert (done.moved, done.rejected, done.waiting) == (10, 0, len(ITEMS) - 10)
    assert done.problem.startswith("LPUSH: ")
    assert places(client, key) == {"log": ITEMS[:10], "aside": [], "queue": ITEMS[10:]}
    may(client, key, "+lpush")
    assert_all_is_well_again(settler, client, key)


def test_what_is_waiting_in_progress_is_popped_as_safely(
    settler: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(key, *ITEMS)
    for _ in range(50):
        client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")
    may(client, key, "-lpush")
    assert settle(settler).moved == 10

    may(client, key, "+lpush")
    assert_all_is_well_again(settler, client, key)


@pytest.mark.parametrize("name", ["rejected", "floor", "first", "epoch"])
def test_a_key_of_another_type_costs_no_item(
    settler: Center, client: redis.Redis, key: str, name: str
) -> None:
    client.lpush(key, *ITEMS)
    client.sadd(f"{{{key}}}:{name}", "x")

    problem = try_to_settle(settler)

    if name == "rejected":
        assert "WRONGTYPE" in problem
        entries: Any = client.xrange(f"{{{key}}}:log")
        found = [each[b"c"] for _, each in entries]
        assert found == ITEMS[:10]
        client.delete(f"{{{key}}}:{name}")
    assert_all_is_well_again(settler, client, key)


@pytest.mark.parametrize("name", ["", "wip", "log"])
def test_nothing_is_written_where_a_list_or_the_log_is_of_another_type(
    settler: Center, client: redis.Redis, key: str, name: str
) -> None:
    wrong = f"{{{key}}}:{name}" if name else key
    client.lpush(f"{{{key}}}:wip" if name != "wip" else key, *ITEMS)
    client.set(wrong, "x")

    assert "WRONGTYPE" in try_to_settle(settler)

    client.delete(wrong)
    assert_all_is_well_again(settler, client, key)


def test_ids_that_are_used_up_cost_no_item(settler: Center, client: redis.Redis, key: str) -> None:
    client.xadd(f"{{{key}}}:log", {"c": "x"}, id=LAST_ID)
    client.lpush(key, *ITEMS)

    assert "exhausted" in try_to_settle(settler)

    client.delete(f"{{{key}}}:log")
    assert_all_is_well_again(settler, client, key)


@contextmanager
def setting(client: redis.Redis, name: str, value: int) -> Iterator[None]:
    before: Any = client.config_get(name)[name]
    client.config_set(name, value)
    try:
        yield
    finally:
        client.config_set(name, before)


def test_a_full_redis_delivers_what_it_has_from_the_first_start_on(
    settler: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(key, *ITEMS)

    with setting(client, "maxmemory", 1):
        assert settler.log.look().epoch != ""
        assert_all_is_well_again(settler, client, key)


def test_a_master_without_its_replicas_takes_nothing_and_loses_nothing(
    settler: Center, client: redis.Redis, key: str
) -> None:
    settler.log.look()
    client.lpush(key, *ITEMS)

    with setting(client, "min-replicas-to-write", 1):
        assert "NOREPLICAS" in try_to_settle(settler)
        assert len(places(client, key)["queue"]) == len(ITEMS)

    assert_all_is_well_again(settler, client, key)


@pytest.mark.parametrize("half", ["read", "wait"])
def test_a_server_that_is_the_master_no_more_is_left(tmp_path: Path, half: str) -> None:
    """It answers all the same, and another may be found where it was."""
    with closing(Server(tmp_path / "old")) as server:
        client = connect(f"redis://{server.address}", 5, 2)
        center = Center(client, "key")
        settle(center)
        server.redis.lpush("key", *ITEMS)
        before = server.redis.info("clients")["connected_clients"]
        server.redis.replicaof("127.0.0.1", 1)

        problem = ""
        try:
            wait = None if half == "read" else 0.01
            problem = center.log.ask_to_settle(NOTHING, 1, wait)()[0].problem
        except QueueUnavailable as failed:
            problem = failed.reason

        assert "read only replica" in problem
        assert server.redis.info("clients")["connected_clients"] == before - 1
        server.redis.replicaof("NO", "ONE")
        assert_all_is_well_again(center, server.redis, "key")
        client.close()
