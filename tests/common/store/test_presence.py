"""`RedisPresenceWriter`, `RedisPresenceReader` and their scripts, with a real Valkey."""

import copy
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import fakeredis
import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.presence import (
    LEASE,
    SWEEP_CHANNELS,
    Changes,
    ChannelCounts,
    Members,
    PresenceReader,
    PresenceWriter,
    RedisPresenceReader,
    RedisPresenceWriter,
)
from config.cli.embedded import EmbeddedValkey
from tests.support.presence import contents
from tests.support.processes import wait_until
from tests.support.proxy import lossy_proxy
from tests.support.redis_servers import cluster
from ws_server.presence import RENEW, ROUND

pytestmark = pytest.mark.integration

SHORT = 0.05  # Seconds: a lease that a test can wait for.
NOBODY = Members(0, 0, {}, truncated=False)
ORDERS = Changes({"42": 1}, {"orders": ChannelCounts(2, {"42": 1, "": 1})})

EVERY_CALL: dict[str, Callable[[PresenceWriter, PresenceReader], object]] = {
    "write": lambda writer, _: writer.write(Changes()),
    "sweep": lambda writer, _: writer.sweep(),
    "leave": lambda writer, _: writer.leave(),
    "connections_of": lambda _, reader: reader.connections_of("42"),
    "members_of": lambda _, reader: reader.members_of("orders"),
}


@pytest.fixture
def writer(client: redis.Redis, key: str) -> RedisPresenceWriter:
    return RedisPresenceWriter(client, key)


@pytest.fixture
def other(client: redis.Redis, key: str) -> RedisPresenceWriter:
    """Of another process."""
    return RedisPresenceWriter(client, key)


@pytest.fixture
def reader(client: redis.Redis, key: str) -> RedisPresenceReader:
    return RedisPresenceReader(client, key)


def lease_of(writer: RedisPresenceWriter, key: str) -> str:
    return f"{{{key}}}:alive:{writer.process}"


def in_channel(channel: str, users: dict[str, int]) -> Changes:
    return Changes({}, {channel: ChannelCounts(sum(users.values()), users)})


# Writing


def test_a_process_writes_what_the_keys_say(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    assert writer.write(ORDERS)

    me = writer.process
    assert contents(client, key) == {
        "processes": {me.encode()},
        f"alive:{me}": True,
        f"users:{me}": {"42": 1},
        f"channels:{me}": {"orders": 2},
        f"in:{me}:orders": {"42": 1, "": 1},
    }


def test_what_is_gone_leaves_no_key(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    writer.write(Changes({"42": 0}, {"orders": ChannelCounts(1, {"42": 0})}))
    writer.write(Changes({}, {"orders": ChannelCounts(0, {})}))

    assert set(contents(client, key)) == {"processes", f"alive:{writer.process}"}


def test_a_channel_that_is_gone_costs_the_same_whoever_was_in_it(
    writer: RedisPresenceWriter, client: redis.Redis
) -> None:
    def removed() -> int:
        stats: Any = client.info("commandstats")
        return int(stats.get("cmdstat_hdel", {"calls": 0})["calls"])

    writer.write(in_channel("orders", {"42": 1, "7": 1}))
    before = removed()

    writer.write(Changes({}, {"orders": ChannelCounts(0, {"42": 0, "7": 0})}))

    assert removed() - before == 1  # In the list of channels.


def test_all_keys_lie_in_the_slot_of_the_queue(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)

    names: list[Any] = client.keys(f"*{key}*")
    assert len(names) == 7
    assert {client.cluster("KEYSLOT", name) for name in names} == {client.cluster("KEYSLOT", key)}


def test_a_killed_process_is_gone_within_ten_seconds(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)

    assert 0 < client.pttl(lease_of(writer, key)) <= LEASE * 1000
    assert LEASE < 10
    assert 2 * (RENEW + ROUND) < LEASE  # One renewal may fail.


def test_every_write_renews_the_lease(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    client.pexpire(lease_of(writer, key), 1000)

    assert writer.write(Changes())

    assert client.pttl(lease_of(writer, key)) > 1000


def test_without_a_lease_nothing_is_written_and_a_new_process_begins(
    writer: RedisPresenceWriter, reader: RedisPresenceReader, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    client.delete(lease_of(writer, key))
    before, old = contents(client, key), writer.process

    assert not writer.write(in_channel("news", {"7": 1}))
    assert contents(client, key) == before

    writer.begin()
    assert writer.write(ORDERS)
    assert writer.process != old
    assert reader.connections_of("42") == 1


def test_a_flushed_redis_is_noticed(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    client.delete(*client.keys(f"{{{key}}}:*"))

    assert not writer.write(Changes())
    assert contents(client, key) == {}


def test_a_redis_that_went_back_is_noticed_although_the_lease_is_there(
    writer: RedisPresenceWriter, reader: RedisPresenceReader, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    kept: Any = client.get(lease_of(writer, key))
    writer.write(in_channel("news", {"7": 1}))
    client.set(lease_of(writer, key), kept, px=60_000)

    assert not writer.write(Changes())
    assert reader.connections_of("42") == 0  # At once: it will be written under another id.


def test_a_write_that_was_given_up_and_comes_late_does_nothing(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    late = copy.copy(writer)
    for users in ({"42": 2}, {"42": 3}):
        writer.write(Changes(users))
    before = contents(client, key)

    late.write(Changes({"42": 1}))

    assert contents(client, key) == before
    assert writer.write(Changes())


def test_a_lost_answer_is_asked_for_again(valkey: EmbeddedValkey, key: str) -> None:
    with lossy_proxy(valkey.url, losses=1) as proxy:
        client = connect(proxy.url, timeout=5, connections=1)
        writer = RedisPresenceWriter(client, key)

        assert writer.write(ORDERS)
        assert writer.write(Changes())
        assert proxy.answers == 3
        assert RedisPresenceReader(client, key).connections_of("42") == 1

        client.connection_pool.disconnect()


def test_a_first_write_whose_answer_is_lost_for_good_can_be_tried_again(
    valkey: EmbeddedValkey, key: str
) -> None:
    with lossy_proxy(valkey.url, losses=2) as proxy:
        client = connect(proxy.url, timeout=5, connections=1)
        writer = RedisPresenceWriter(client, key)
        with pytest.raises(QueueUnavailable):
            writer.write(ORDERS)

        assert writer.write(Changes({"42": 2}))
        assert RedisPresenceReader(client, key).connections_of("42") == 2

        client.connection_pool.disconnect()


@pytest.mark.parametrize("right", ["hset", "hdel", "sadd", "set"])
def test_what_was_written_halfway_does_not_count_and_is_written_again(
    valkey: EmbeddedValkey, client: redis.Redis, key: str, right: str
) -> None:
    client.acl_setuser(
        key, reset=True, enabled=True, nopass=True, keys=["*"], commands=["+@all", f"-{right}"]
    )
    url = valkey.url.replace("redis://", f"redis://{key}:x@")
    with closing(connect(url, timeout=5, connections=1)) as own:
        writer, reader = RedisPresenceWriter(own, key), RedisPresenceReader(client, key)
        changes = Changes({"42": 1, "7": 0})
        for _ in range(3):
            with pytest.raises(QueueUnavailable, match="command"):
                writer.write(changes)
        assert reader.connections_of("42") == 0

        client.execute_command("ACL", "SETUSER", key, f"+{right}")
        assert writer.write(changes)
        assert reader.connections_of("42") == 1
        writer.leave()
    client.acl_deluser(key)
    assert client.keys(f"*{{{key}}}*") == []


def test_a_full_redis_takes_nothing_in_part(
    writer: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    writer.write(ORDERS)
    before = contents(client, key)
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueUnavailable, match="maxmemory"):
            writer.write(Changes({"42": 0, "7": 1}))
    finally:
        client.config_set("maxmemory", 0)

    assert contents(client, key) == before


@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_lost_redis_is_unavailable(
    call: Callable[[PresenceWriter, PresenceReader], object],
) -> None:
    server = fakeredis.FakeServer()
    lost = fakeredis.FakeRedis(server=server)
    writer, reader = RedisPresenceWriter(lost, "key"), RedisPresenceReader(lost, "key")
    server.connected = False

    with pytest.raises(QueueUnavailable):
        call(writer, reader)


# Leaving, and being swept


def test_a_dead_process_does_not_count_and_is_swept_by_a_living_one(
    other: RedisPresenceWriter, reader: RedisPresenceReader, client: redis.Redis, key: str
) -> None:
    dead = RedisPresenceWriter(client, key, lease=SHORT)
    dead.write(ORDERS)
    other.write(ORDERS)
    assert reader.connections_of("42") == 2

    wait_until(lambda: reader.connections_of("42") == 1, "the lease expires")
    assert reader.members_of("orders") == Members(2, 1, {"42": 1}, truncated=False)

    assert other.sweep() == 0
    assert all(dead.process not in name for name in contents(client, key))
    assert reader.connections_of("42") == 1


def test_who_leaves_is_gone_at_once_with_all_keys(
    writer: RedisPresenceWriter,
    other: RedisPresenceWriter,
    reader: RedisPresenceReader,
    client: redis.Redis,
    key: str,
) -> None:
    writer.write(ORDERS)
    other.write(ORDERS)

    writer.leave()

    assert reader.connections_of("42") == 1
    assert all(writer.process not in name for name in contents(client, key))
    assert contents(client, key)["processes"] == {other.process.encode()}
    assert not writer.write(ORDERS)


def test_a_sweep_is_bounded(
    writer: RedisPresenceWriter, other: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    channels = {f"c{at}": ChannelCounts(1, {"": 1}) for at in range(2 * SWEEP_CHANNELS + 1)}
    for each in (writer, other):
        each.write(Changes({"42": 1}, channels))
        client.delete(lease_of(each, key))
    sizes = []
    left = 2
    while left:
        left = writer.sweep()
        sizes.append(len(contents(client, key)))

    # 2 * 1001 hashes of channels, 500 at once; and two of users and of channels, and `processes`.
    assert sizes[0] == 2 * len(channels) - SWEEP_CHANNELS + 5
    assert len(sizes) == 5
    assert sizes[-1] == 0


# Reading


def test_nobody_is_there(reader: RedisPresenceReader) -> None:
    assert reader.connections_of("42") == 0
    assert reader.members_of("orders") == reader.members_of("user:42") == NOBODY


def test_a_user_is_counted_and_listed_over_all_processes(
    writer: RedisPresenceWriter, other: RedisPresenceWriter, reader: RedisPresenceReader
) -> None:
    writer.write(Changes({"42": 2}, in_channel("orders", {"42": 2, "7": 1, "": 3}).channels))
    other.write(Changes({"42": 1}, in_channel("orders", {"42": 1, "": 1}).channels))

    assert reader.connections_of("42") == 3
    assert reader.connections_of("7") == 0
    assert reader.members_of("orders") == Members(8, 4, {"42": 3, "7": 1}, truncated=False)


def test_a_channel_has_those_who_named_it_and_no_wildcard(
    writer: RedisPresenceWriter, reader: RedisPresenceReader
) -> None:
    writer.write(in_channel("orders.*", {"42": 1}))

    assert reader.members_of("orders.eu") == NOBODY
    assert reader.members_of("orders.*").users == {"42": 1}


def test_the_own_channel_of_a_user_has_that_user_and_whoever_was_granted_it(
    writer: RedisPresenceWriter, reader: RedisPresenceReader
) -> None:
    writer.write(Changes({"42": 2, "7": 1}, in_channel("user:42", {"7": 1}).channels))

    assert reader.members_of("user:42") == Members(3, 0, {"42": 2, "7": 1}, truncated=False)


def test_a_long_list_is_cut_and_its_sums_are_not(
    writer: RedisPresenceWriter, other: RedisPresenceWriter, client: redis.Redis, key: str
) -> None:
    for each, start in ((writer, 0), (other, 600)):
        users = {str(number): 2 for number in range(start, start + 600)}
        each.write(in_channel("orders", {**users, "": 5}))

    whole = RedisPresenceReader(client, key, most_users=1200).members_of("orders")
    cut = RedisPresenceReader(client, key, most_users=1199).members_of("orders")

    assert whole == Members(2410, 10, {str(at): 2 for at in range(1200)}, truncated=False)
    assert (cut.connections, cut.anonymous, cut.truncated) == (2410, 10, True)
    assert len(cut.users) == 1199
    assert cut.users.items() < whole.users.items()


def test_keys_that_scripts_make_up_are_found_in_a_cluster(tmp_path: Path, key: str) -> None:
    with cluster(tmp_path) as servers:
        client = connect(servers.url, timeout=5, connections=2, key=key)
        writer, reader = RedisPresenceWriter(client, key), RedisPresenceReader(client, key)

        writer.write(ORDERS)

        assert reader.members_of("orders") == Members(2, 1, {"42": 1}, truncated=False)
        writer.leave()
        assert servers.master.redis.keys("*") == []
        client.connection_pool.disconnect()
