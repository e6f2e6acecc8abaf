"""`push_once` and its script, with a real Valkey; what is lost on the way, with a proxy."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.queue import RedisQueue
from config.cli.embedded import EmbeddedValkey
from tests.support.proxy import LossyProxy, lossy_proxy

pytestmark = pytest.mark.integration

SECONDS = 60


@pytest.fixture
def queue(client: redis.Redis, key: str) -> RedisQueue:
    return RedisQueue(client, key)


@contextmanager
def queue_behind(proxy: LossyProxy, key: str) -> Iterator[RedisQueue]:
    client = connect(proxy.url, timeout=5, connections=1)
    try:
        yield RedisQueue(client, key)
    finally:
        client.connection_pool.disconnect()


def queued(client: redis.Redis, key: str) -> list[Any]:
    """In the order in which they will be popped."""
    return client.lrange(key, 0, -1)[::-1]


def remembered(client: redis.Redis, key: str) -> list[bytes]:
    """What was taken back stands for nothing, and is gone within a millisecond."""
    names: list[Any] = [name for name in client.keys(f"{{{key}}}:once:*") if client.get(name)]
    return sorted(name.partition(b":once:")[2] for name in names)


def test_an_item_is_queued_once_under_its_id(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    for _ in range(3):
        assert queue.push_once([b"a"], ["1"], SECONDS) is None

    assert queued(client, key) == [b"a"]


def test_an_id_is_remembered_for_so_many_seconds(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    queue.push_once([b"a"], ["1"], SECONDS)

    assert SECONDS - 5 < client.ttl(f"{{{key}}}:once:1") <= SECONDS


def test_a_second_push_does_not_prolong_the_memory(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    queue.push_once([b"a"], ["1"], SECONDS)
    queue.push_once([b"a"], ["1"], SECONDS * 100)

    assert client.ttl(f"{{{key}}}:once:1") <= SECONDS


def test_what_is_new_and_what_has_no_id_is_queued_in_order(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    queue.push_once([b"b"], ["2"], SECONDS)

    queue.push_once(
        [b"a", b"b", b"free", b"c", b"free", b"a"], ["1", "2", None, "3", None, "1"], SECONDS
    )

    assert queued(client, key) == [b"b", b"a", b"free", b"c", b"free"]


def test_the_same_content_under_two_ids_is_two_messages(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    queue.push_once([b"a", b"a"], ["1", "2"], SECONDS)

    assert queued(client, key) == [b"a", b"a"]


@pytest.mark.parametrize(
    ("items", "ids", "place"),
    [
        ([b"other"], ["1"], 0),
        ([b"new", b"a", b"other"], ["2", "1", "1"], 2),
        ([b"new", b"free", b"newer"], ["2", None, "2"], 2),
    ],
)
def test_an_id_that_stands_for_another_item_stops_all(
    queue: RedisQueue,
    client: redis.Redis,
    key: str,
    items: list[bytes],
    ids: list[str | None],
    place: int,
) -> None:
    queue.push_once([b"a"], ["1"], SECONDS)

    assert queue.push_once(items, ids, SECONDS) == place
    assert queued(client, key) == [b"a"]
    assert remembered(client, key) == [b"1"]


@pytest.mark.parametrize("id_", ["}", "{x}", " ", ":once:", "~" * 255])
def test_the_key_of_any_id_lies_in_the_slot_of_the_queue(
    queue: RedisQueue, client: redis.Redis, key: str, id_: str
) -> None:
    queue.push_once([b"a"], [id_], SECONDS)

    assert remembered(client, key) == [id_.encode()]
    assert client.cluster("KEYSLOT", f"{{{key}}}:once:{id_}") == client.cluster("KEYSLOT", key)


def test_a_batch_is_larger_than_the_stack_of_lua(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    items = [b"%d" % number for number in range(10_000)]

    queue.push_once(items, ["first", *[None] * 9998, "last"], SECONDS)

    assert queued(client, key) == items
    assert remembered(client, key) == [b"first", b"last"]


def test_a_push_that_fails_is_not_remembered(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    client.set(key, "a string where none belongs")

    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        queue.push_once([b"a"], ["1"], SECONDS)

    assert remembered(client, key) == []


def test_a_push_that_a_full_redis_refuses_is_not_remembered(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(QueueUnavailable, match=r"maxmemory"):
            queue.push_once([b"a"], ["1"], SECONDS)
    finally:
        client.config_set("maxmemory", 0)

    assert (queued(client, key), remembered(client, key)) == ([], [])


def test_a_server_that_has_forgotten_the_script_is_told_it_again(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    queue.push_once([b"a"], ["1"], SECONDS)
    client.script_flush()

    queue.push_once([b"a", b"b"], ["1", "2"], SECONDS)

    assert queued(client, key) == [b"a", b"b"]


# The answer is lost: Redis has done it, and nobody knows.


def test_under_an_id_it_is_tried_again_and_queued_once(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with lossy_proxy(valkey.url, losses=1) as proxy, queue_behind(proxy, key) as queue:
        assert queue.push_once([b"a", b"b"], ["1", "2"], SECONDS) is None

    assert proxy.answers == 2
    assert queued(client, key) == [b"a", b"b"]


def test_under_an_id_it_is_tried_again_only_once_and_then_by_the_caller(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with lossy_proxy(valkey.url, losses=2) as proxy, queue_behind(proxy, key) as queue:
        with pytest.raises(QueueUnavailable):
            queue.push_once([b"a"], ["1"], SECONDS)
        assert proxy.answers == 2

        assert queue.push_once([b"a"], ["1"], SECONDS) is None

    assert queued(client, key) == [b"a"]


def test_without_an_id_it_is_never_tried_again(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with (
        lossy_proxy(valkey.url, losses=1) as proxy,
        queue_behind(proxy, key) as queue,
        pytest.raises(QueueUnavailable),
    ):
        queue.push([b"a"])

    assert proxy.answers == 1
    assert queued(client, key) == [b"a"]


def test_with_an_item_without_an_id_it_is_never_tried_again(
    valkey: EmbeddedValkey, client: redis.Redis, key: str
) -> None:
    with (
        lossy_proxy(valkey.url, losses=1) as proxy,
        queue_behind(proxy, key) as queue,
        pytest.raises(QueueUnavailable),
    ):
        queue.push_once([b"a", b"b"], ["1", None], SECONDS)

    assert proxy.answers == 1
    assert queued(client, key) == [b"a", b"b"]


def test_a_server_that_never_answers_is_asked_only_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        queue = RedisQueue(connect(url, timeout=0.05, connections=1), "key")
        with pytest.raises(QueueUnavailable, match=r"(?i)time"):
            queue.push_once([b"a"], ["1"], SECONDS)
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


# A command that Redis refuses.


@pytest.fixture
def limited(valkey: EmbeddedValkey, client: redis.Redis, key: str) -> Iterator[RedisQueue]:
    """A queue of the user `key`, whose rights can be changed."""
    client.acl_setuser(key, reset=True, enabled=True, nopass=True, keys=["*"], commands=["+@all"])
    own = connect(valkey.url.replace("redis://", f"redis://{key}:x@"), timeout=5, connections=1)
    yield RedisQueue(own, key)
    own.connection_pool.disconnect()
    client.acl_deluser(key)


@pytest.mark.parametrize("right", ["set", "lpush", "get"])
def test_what_redis_refuses_halfway_leaves_nothing(
    limited: RedisQueue, client: redis.Redis, key: str, right: str
) -> None:
    client.execute_command("ACL", "SETUSER", key, f"-{right}")

    for _ in range(5):
        with pytest.raises(QueueUnavailable, match="command"):
            limited.push_once([b"a", b"free", b"b"], ["1", None, "2"], SECONDS)

    assert queued(client, key) == []
    client.execute_command("ACL", "SETUSER", key, f"+{right}")
    assert limited.push_once([b"a", b"free", b"b"], ["1", None, "2"], SECONDS) is None
    assert queued(client, key) == [b"a", b"free", b"b"]


def test_an_id_whose_push_was_refused_stands_for_nothing(
    limited: RedisQueue, client: redis.Redis, key: str
) -> None:
    client.set(key, "a string where none belongs")
    with pytest.raises(QueueUnavailable, match="WRONGTYPE"):
        limited.push_once([b"a"], ["1"], SECONDS)
    client.delete(key)

    assert limited.push_once([b"other"], ["1"], SECONDS) is None
    assert queued(client, key) == [b"other"]


def test_an_id_that_redis_may_not_remember_takes_the_others_back(
    limited: RedisQueue, client: redis.Redis, key: str
) -> None:
    rules = ("resetkeys", f"~{key}", f"~{{{key}}}:once:good*", f"%R~{{{key}}}:once:bad")
    client.execute_command("ACL", "SETUSER", key, *rules)

    with pytest.raises(QueueUnavailable):
        limited.push_once([b"a", b"b", b"c"], ["good1", "bad", "good2"], SECONDS)

    assert queued(client, key) == []
    assert limited.push_once([b"x", b"y"], ["good1", "good2"], SECONDS) is None
