import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import fakeredis
import pytest
import redis

from common.broker import SETTLE_BYTES, SETTLE_MESSAGES, Broker, History, Settled
from common.errors import QueueUnavailable
from common.line import connect
from common.message import Message, Page, format_id, parse_id

ENOUGH = 100_000
LONG_AGO = 1_000_000_000_000  # Milliseconds: the year 2001.

EVERY_CALL: dict[str, Callable[[Broker], object]] = {
    "push": lambda broker: broker.push([b"a"]),
    "ping": Broker.ping,
    "settle": Broker.settle,
    "wait_for_push": lambda broker: broker.wait_for_push(0.01),
    "last_id": Broker.last_id,
    "read_after": lambda broker: broker.read_after(0, 1),
    "read_between": lambda broker: broker.read_between(0, 1, 1),
}


@pytest.fixture
def broker(client: redis.Redis, key: str) -> Broker:
    return Broker(client, key, History(ENOUGH, ENOUGH))


@pytest.fixture
def address_of_nobody() -> Iterator[str]:
    """Bound, so that no other test gets it, and never listened at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


@contextmanager
def full_memory(client: redis.Redis) -> Iterator[None]:
    client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        client.config_set("maxmemory", 0)


def numbered(count: int, size: int = 0) -> list[bytes]:
    return [b"%d" % number + b"." * size for number in range(count)]


def settle_all(broker: Broker) -> None:
    while broker.settle().waiting:
        pass


def logged(broker: Broker) -> list[bytes]:
    return broker.read_after(0, ENOUGH).contents


# With fakeredis: what is asked of Redis, without a server.


def test_a_batch_is_one_lpush_that_is_popped_in_the_order_given() -> None:
    client = fakeredis.FakeRedis()

    Broker(client, "message_center", History(1, 1)).push([b"first", "第二".encode(), b"third"])

    assert client.lrange("message_center", 0, -1) == [b"third", "第二".encode(), b"first"]


@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_lost_redis_is_an_unavailable_queue(call: Callable[[Broker], object]) -> None:
    server = fakeredis.FakeServer()
    broker = Broker(fakeredis.FakeRedis(server=server), "key", History(1, 1))
    server.connected = False

    with pytest.raises(QueueUnavailable) as caught:
        call(broker)

    assert isinstance(caught.value.__cause__, redis.RedisError)


def test_nothing_is_connected_before_the_first_command() -> None:
    Broker(connect("redis://nowhere.invalid/0", 2, 1), "key", History(1, 1))


# With a real Valkey.


@pytest.mark.integration
def test_a_push_is_waiting_until_it_is_settled(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push([b"a", b"b"])
    assert client.lrange(key, 0, -1) == [b"b", b"a"]

    assert broker.settle() == Settled(moved=2, rejected=0, waiting=0)
    assert client.exists(key) == 0
    assert logged(broker) == [b"a", b"b"]


@pytest.mark.integration
def test_a_settle_of_nothing_leaves_no_key(broker: Broker, client: redis.Redis, key: str) -> None:
    assert broker.settle() == Settled(moved=0, rejected=0, waiting=0)
    assert client.keys(f"*{key}*") == []


@pytest.mark.integration
def test_content_of_any_producer_is_logged_byte_by_byte(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    contents = [b"", b"\x00\xff", b"line\r\nline", "中文😀".encode(), b' {"content":"x"}', b"a\x1e"]
    for content in contents:
        client.lpush(key, content)

    broker.settle()

    assert logged(broker) == contents


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_messages(broker: Broker) -> None:
    broker.push(numbered(SETTLE_MESSAGES + 1))

    assert broker.settle() == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=1)
    assert broker.settle() == Settled(moved=1, rejected=0, waiting=0)
    assert logged(broker) == numbered(SETTLE_MESSAGES + 1)


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_bytes(broker: Broker) -> None:
    size = 10 * 1024
    broker.push(numbered(400, size))

    moved = broker.settle().moved

    assert SETTLE_BYTES <= moved * size < SETTLE_BYTES + 32 * size
    settle_all(broker)
    assert logged(broker) == numbered(400, size)


@pytest.mark.integration
def test_items_larger_than_the_bound_are_not_stuck(broker: Broker) -> None:
    broker.push([b"." * (SETTLE_BYTES + 1), b"next"])
    settle_all(broker)

    assert [len(content) for content in logged(broker)] == [SETTLE_BYTES + 1, 4]


@pytest.mark.integration
def test_settlers_side_by_side_move_every_message_once_and_in_order(broker: Broker) -> None:
    broker.push(numbered(8 * SETTLE_MESSAGES))

    with ThreadPoolExecutor(4) as settlers:
        done = list(settlers.map(lambda _: broker.settle(), range(8)))

    assert sum(settled.moved for settled in done) == 8 * SETTLE_MESSAGES
    assert logged(broker) == numbered(8 * SETTLE_MESSAGES)


@pytest.mark.integration
@pytest.mark.parametrize("content", ["\x1e", '\x1e中文😀"\\\n\x00', '\x1e{"content":"x"}'])
def test_an_envelope_comes_out_as_the_content_that_went_in(broker: Broker, content: str) -> None:
    broker.push([Message(content).to_item()])

    assert broker.settle().rejected == 0
    assert logged(broker) == [content.encode()]


@pytest.mark.integration
@pytest.mark.parametrize(
    "envelope",
    [
        b"\x1e",
        b"\x1e{",
        b'\x1e{"content":"a"} and more',
        b'\x1e{"content":"\\ud800"}',
        b"\x1e" + b"[" * 2000,
        b'\x1e"content"',
        b"\x1enull",
        b'\x1e["content"]',
        b"\x1e{}",
        b'\x1e{"content":null}',
        b'\x1e{"content":1}',
        b'\x1e{"content":["a"]}',
        b'\x1e{"content":"a","channel":"b"}',
        b'\x1e{"channel":"b"}',
    ],
)
def test_an_envelope_that_cannot_be_read_is_set_aside_and_not_in_the_way(
    broker: Broker, client: redis.Redis, key: str, envelope: bytes
) -> None:
    broker.push([b"before", envelope, b"after"])

    assert broker.settle() == Settled(moved=2, rejected=1, waiting=0)
    assert logged(broker) == [b"before", b"after"]
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [envelope]


@pytest.mark.integration
def test_the_newest_of_what_was_set_aside_comes_first(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push([b"\x1eold", b"\x1enew"])

    assert broker.settle() == Settled(moved=0, rejected=2, waiting=0)
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [b"\x1enew", b"\x1eold"]


@pytest.mark.integration
def test_a_bounded_settle_counts_what_it_sets_aside(broker: Broker) -> None:
    broker.push([b"\x1e"] * SETTLE_MESSAGES + [b"a"])

    assert broker.settle() == Settled(moved=0, rejected=SETTLE_MESSAGES, waiting=1)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["log", "rejected"])
def test_a_settle_that_fails_leaves_the_messages_in_the_queue(
    broker: Broker, client: redis.Redis, key: str, name: str
) -> None:
    client.set(f"{{{key}}}:{name}", "a string where none belongs")
    broker.push([b"a", b"\x1e"])

    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        broker.settle()

    assert client.lrange(key, 0, -1) == [b"\x1e", b"a"]


@pytest.mark.integration
def test_a_full_redis_refuses_a_push(broker: Broker, client: redis.Redis) -> None:
    with full_memory(client), pytest.raises(QueueUnavailable, match=r"maxmemory"):
        broker.push([b"a"])


@pytest.mark.integration
def test_a_full_redis_loses_no_message(broker: Broker, client: redis.Redis, key: str) -> None:
    broker.push(numbered(100))

    with full_memory(client), suppress(QueueUnavailable):
        broker.settle()

    settle_all(broker)
    assert logged(broker) == numbered(100)


@pytest.mark.integration
def test_a_wait_ends_at_its_limit(broker: Broker) -> None:
    assert broker.wait_for_push(0.01) is False


@pytest.mark.integration
def test_a_wait_ends_with_a_push(broker: Broker) -> None:
    with ThreadPoolExecutor(1) as waiter:
        woken = waiter.submit(broker.wait_for_push, 4)
        broker.push([b"a"])
        assert woken.result(10) is True


@pytest.mark.integration
def test_what_a_wait_has_taken_is_settled_before_the_queue(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push(numbered(4))
    assert broker.wait_for_push(0.01)
    assert broker.wait_for_push(0.01)
    assert client.lrange(f"{{{key}}}:wip", 0, -1) == [b"1", b"0"]

    assert broker.settle() == Settled(moved=4, rejected=0, waiting=0)
    assert logged(broker) == numbered(4)


@pytest.mark.integration
def test_what_a_crashed_process_had_taken_still_counts_as_waiting(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    client.lpush(f"{{{key}}}:wip", *numbered(SETTLE_MESSAGES + 2))
    broker.push([b"last"])

    assert broker.settle() == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=3)
    assert broker.settle() == Settled(moved=3, rejected=0, waiting=0)
    assert logged(broker) == [*numbered(SETTLE_MESSAGES + 2), b"last"]


@pytest.mark.integration
def test_a_log_that_never_was_has_the_id_zero(broker: Broker) -> None:
    assert broker.last_id() == 0


@pytest.mark.integration
def test_the_last_id_is_that_of_the_newest_message(broker: Broker) -> None:
    broker.push(numbered(3))
    broker.settle()

    assert broker.last_id() == parse_id(broker.read_after(0, 3).ids[-1])


@pytest.mark.integration
def test_the_last_id_outlives_its_message(broker: Broker, client: redis.Redis, key: str) -> None:
    broker.push([b"a"])
    broker.settle()
    before = broker.last_id()

    client.xtrim(f"{{{key}}}:log", maxlen=0, approximate=False)

    assert broker.last_id() == before > 0


@pytest.mark.integration
def test_reading_goes_on_after_the_cursor(broker: Broker) -> None:
    broker.push(numbered(5))
    broker.settle()

    first = broker.read_after(0, 2)
    second = broker.read_after(parse_id(first.ids[-1]), 10)

    assert (first.contents, second.contents) == ([b"0", b"1"], [b"2", b"3", b"4"])
    assert [parse_id(id_) for id_ in first.ids + second.ids] == sorted(
        {parse_id(id_) for id_ in first.ids + second.ids}
    )


@pytest.mark.integration
@pytest.mark.parametrize("block_seconds", [None, 0.0, 0.01])
def test_there_is_nothing_after_the_head(broker: Broker, block_seconds: float | None) -> None:
    broker.push([b"a"])
    broker.settle()

    assert broker.read_after(broker.last_id(), 10, block_seconds) == Page([], [])


@pytest.mark.integration
def test_a_blocked_read_ends_with_a_message(broker: Broker) -> None:
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(broker.read_after, 0, 10, 4)
        broker.push([b"a"])
        broker.settle()
        assert read.result(10).contents == [b"a"]


@pytest.mark.integration
def test_what_lies_between_two_ids_ends_with_the_second(broker: Broker) -> None:
    broker.push(numbered(5))
    broker.settle()
    ids = [parse_id(id_) for id_ in broker.read_after(0, 5).ids]

    page, complete = broker.read_between(ids[1], ids[3], 10)

    assert (page.contents, complete) == ([b"2", b"3"], True)
    assert broker.read_between(ids[1], ids[3], 1)[0].contents == [b"2"]
    assert broker.read_between(ids[4], ids[4], 10) == (Page([], []), True)


@pytest.mark.integration
def test_a_log_that_forgot_nothing_is_complete_from_the_start(broker: Broker) -> None:
    assert broker.read_between(0, 1, 10) == (Page([], []), True)
    broker.push(numbered(2))
    broker.settle()

    page, complete = broker.read_between(0, broker.last_id(), 10)

    assert (page.contents, complete) == ([b"0", b"1"], True)


@pytest.mark.integration
def test_the_log_keeps_at_least_its_size_and_not_much_more(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(150, ENOUGH))
    broker.push(numbered(2000))
    settle_all(broker)

    kept = logged(broker)

    assert 150 <= len(kept) < 150 + 100  # It forgets whole nodes, of 100 messages.
    assert kept == numbered(2000)[-len(kept) :]


@pytest.mark.integration
def test_the_log_forgets_what_is_too_old(broker: Broker, client: redis.Redis, key: str) -> None:
    for number in range(250):
        client.xadd(f"{{{key}}}:log", {"c": "old"}, id=f"{LONG_AGO + number}-0")
    broker.push(numbered(2))

    broker.settle()

    kept = logged(broker)
    assert kept[-2:] == numbered(2)
    assert len(kept) < 100  # It forgets whole nodes: a rest of the old may share one with the new.


@pytest.mark.integration
def test_a_reader_behind_what_the_log_forgot_is_told_so(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(100, ENOUGH))
    broker.push(numbered(1000))
    settle_all(broker)
    head = broker.last_id()
    oldest = parse_id(broker.read_after(0, 1).ids[0])

    for cursor in (0, oldest - 2):
        page, complete = broker.read_between(cursor, head, 1)
        assert (parse_id(page.ids[0]), complete) == (oldest, False)


@pytest.mark.integration
def test_a_reader_at_the_edge_of_what_the_log_forgot_misses_nothing(
    client: redis.Redis, key: str
) -> None:
    broker = Broker(client, key, History(100, ENOUGH))
    broker.push(numbered(1000))
    settle_all(broker)
    ids = [parse_id(id_) for id_ in broker.read_after(0, 2).ids]

    before, complete_before = broker.read_between(ids[0] - 1, broker.last_id(), 1)
    after, complete_after = broker.read_between(ids[0], broker.last_id(), 1)

    assert (before.ids, complete_before) == ([format_id(ids[0])], True)
    assert (after.ids, complete_after) == ([format_id(ids[1])], True)


@pytest.mark.integration
def test_the_keys_lie_in_one_slot(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(1, ENOUGH))
    broker.push([b"\x1e", *numbered(300), b"waits", b"waits, too"])
    broker.settle()
    broker.push([b"taken", b"queued"])
    broker.wait_for_push(0.01)

    names = [key, *(f"{{{key}}}:{name}" for name in ("wip", "log", "rejected", "floor"))]
    assert sorted(client.keys(f"*{key}*")) == sorted(name.encode() for name in names)

    slots = {client.cluster("KEYSLOT", name) for name in names}
    assert len(slots) == 1


@pytest.mark.integration
@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_server_that_is_gone_is_an_unavailable_queue(
    address_of_nobody: str, call: Callable[[Broker], object]
) -> None:
    broker = Broker(connect(address_of_nobody, 2, 1), "key", History(1, 1))

    with pytest.raises(QueueUnavailable, match=r"refused"):
        call(broker)


@pytest.mark.integration
def test_a_server_that_never_answers_is_given_up_and_asked_only_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        client = connect(url, timeout=0.05, connections=1)
        with pytest.raises(QueueUnavailable, match=r"(?i)time"):
            Broker(client, "key", History(1, 1)).push([b"a"])
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()
