"""`RedisQueue` but for `push_once`, which has a file of its own."""

import socket
from collections.abc import Callable

import fakeredis
import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.queue import Queue, RedisQueue
from tests.support.store import full_memory

EVERY_CALL: dict[str, Callable[[Queue], object]] = {
    "push": lambda queue: queue.push([b"a"]),
    "push_once": lambda queue: queue.push_once([b"a"], ["1"], 60),
    "check": lambda queue: queue.check(),
}


@pytest.fixture
def queue(client: redis.Redis, key: str) -> RedisQueue:
    return RedisQueue(client, key)


def test_a_batch_is_one_lpush_that_is_popped_in_the_order_given() -> None:
    client = fakeredis.FakeRedis()

    RedisQueue(client, "message_center").push([b"first", "第二".encode(), b"third"])

    assert client.lrange("message_center", 0, -1) == [b"third", "第二".encode(), b"first"]


@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_lost_redis_is_an_unavailable_queue(call: Callable[[Queue], object]) -> None:
    server = fakeredis.FakeServer()
    queue = RedisQueue(fakeredis.FakeRedis(server=server), "key")
    server.connected = False

    with pytest.raises(QueueUnavailable) as caught:
        call(queue)

    assert caught.value.__cause__ is None  # Redis may have quoted a message in it.
    assert caught.value.__suppress_context__


def test_nothing_is_connected_before_the_first_command() -> None:
    RedisQueue(connect("redis://nowhere.invalid/0", 2, 1), "key")


@pytest.mark.integration
@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_server_that_is_gone_is_an_unavailable_queue(
    address_of_nobody: str, call: Callable[[Queue], object]
) -> None:
    with pytest.raises(QueueUnavailable, match=r"refused"):
        call(RedisQueue(connect(address_of_nobody, 2, 1), "key"))


@pytest.mark.integration
def test_a_full_redis_refuses_a_push(queue: RedisQueue, client: redis.Redis) -> None:
    with full_memory(client), pytest.raises(QueueUnavailable, match=r"maxmemory"):
        queue.push([b"a"])


@pytest.mark.integration
def test_a_check_leaves_nothing(queue: RedisQueue, client: redis.Redis, key: str) -> None:
    queue.check()

    assert client.keys(f"*{key}*") == []


@pytest.mark.integration
def test_a_check_notices_what_a_push_would_be_told(
    queue: RedisQueue, client: redis.Redis, key: str
) -> None:
    with full_memory(client), pytest.raises(QueueUnavailable, match=r"maxmemory"):
        queue.check()
    client.set(key, "a string where a list belongs")
    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        queue.check()


@pytest.mark.integration
def test_a_server_that_never_answers_is_given_up_and_asked_only_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = connect(url, timeout=0.05, connections=1)
        with pytest.raises(QueueUnavailable, match=r"(?i)time"):
            RedisQueue(client, "key").push([b"a"])
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
