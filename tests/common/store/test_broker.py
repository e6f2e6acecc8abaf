import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress

import fakeredis
import pytest
import redis

from common.errors import QueueUnavailable
from common.message import LARGEST_ID, Mark, Message, Page, format_id, parse_id
from common.store.broker import (
    LOOKED,
    LOOKED_BYTES,
    SETTLE_BYTES,
    SETTLE_MESSAGES,
    Broker,
    History,
    Settled,
    Stretch,
)
from common.store.line import connect

ENOUGH = 100_000
NOTHING = Mark("", 0)
LONG_AGO = 1_000_000_000_000  # Milliseconds: the year 2001.

EVERY_CALL: dict[str, Callable[[Broker], object]] = {
    "push": lambda broker: broker.push([b"a"]),
    "check": Broker.check,
    "look": Broker.look,
    "settle_and_read": lambda broker: broker.settle_and_read(NOTHING, 1),
    "settle_and_wait": lambda broker: broker.settle_and_wait(NOTHING, 0.01),
    "read_after": lambda broker: broker.read_after(NOTHING, 1),
    "has": lambda broker: broker.has(1),
    "newest": lambda broker: broker.newest(1),
    "read_between": lambda broker: broker.read_between(0, 1, 1),
    "pick_between": lambda broker: broker.pick_between(0, 1, frozenset()),
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


def settle(broker: Broker) -> Settled:
    return broker.settle_and_read(NOTHING, 1)[0]


def settle_all(broker: Broker) -> None:
    while settle(broker).waiting:
        pass


def read(broker: Broker, after: int, count: int, block_seconds: float | None = None) -> Page:
    return broker.read_after(Mark("", after), count, block_seconds)[0]


def logged(broker: Broker) -> list[bytes]:
    return read(broker, 0, ENOUGH).contents


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

    assert caught.value.__cause__ is None  # Redis may have quoted a message in it.
    assert caught.value.__suppress_context__


def test_nothing_is_connected_before_the_first_command() -> None:
    Broker(connect("redis://nowhere.invalid/0", 2, 1), "key", History(1, 1))


# With a real Valkey.


@pytest.mark.integration
def test_a_push_is_waiting_until_it_is_settled(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push([b"a", b"b"])
    assert client.lrange(key, 0, -1) == [b"b", b"a"]

    assert settle(broker) == Settled(moved=2, rejected=0, waiting=0)
    assert client.exists(key) == 0
    assert logged(broker) == [b"a", b"b"]


@pytest.mark.integration
def test_a_settle_of_nothing_leaves_nothing_but_the_epoch(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    assert settle(broker) == Settled(moved=0, rejected=0, waiting=0)
    assert client.keys(f"*{key}*") == [f"{{{key}}}:epoch".encode()]


@pytest.mark.integration
def test_content_of_any_producer_is_logged_byte_by_byte(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    contents = [b"", b"\x00\xff", b"line\r\nline", "中文😀".encode(), b' {"content":"x"}', b"a\x1e"]
    for content in contents:
        client.lpush(key, content)

    settle(broker)

    assert logged(broker) == contents


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_messages(broker: Broker) -> None:
    broker.push(numbered(SETTLE_MESSAGES + 1))

    assert settle(broker) == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=1)
    assert settle(broker) == Settled(moved=1, rejected=0, waiting=0)
    assert logged(broker) == numbered(SETTLE_MESSAGES + 1)


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_bytes(broker: Broker) -> None:
    size = 10 * 1024
    broker.push(numbered(400, size))

    moved = settle(broker).moved

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
        done = list(settlers.map(lambda _: settle(broker), range(8)))

    assert sum(settled.moved for settled in done) == 8 * SETTLE_MESSAGES
    assert logged(broker) == numbered(8 * SETTLE_MESSAGES)


@pytest.mark.integration
@pytest.mark.parametrize("content", ["\x1e", '\x1e中文😀"\\\n\x00', '\x1e{"content":"x"}'])
def test_an_envelope_comes_out_as_the_content_that_went_in(broker: Broker, content: str) -> None:
    broker.push([Message(content).to_item()])

    assert settle(broker).rejected == 0
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
        b'\x1e{"content":"a","chanel":"b"}',
        b'\x1e{"channel":"b"}',
    ],
)
def test_an_envelope_that_cannot_be_read_is_set_aside_and_not_in_the_way(
    broker: Broker, client: redis.Redis, key: str, envelope: bytes
) -> None:
    broker.push([b"before", envelope, b"after"])

    assert settle(broker) == Settled(moved=2, rejected=1, waiting=0)
    assert logged(broker) == [b"before", b"after"]
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [envelope]


@pytest.mark.integration
def test_the_newest_of_what_was_set_aside_comes_first(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push([b"\x1eold", b"\x1enew"])

    assert settle(broker) == Settled(moved=0, rejected=2, waiting=0)
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [b"\x1enew", b"\x1eold"]


@pytest.mark.integration
def test_a_bounded_settle_counts_what_it_sets_aside(broker: Broker) -> None:
    broker.push([b"\x1e"] * SETTLE_MESSAGES + [b"a"])

    assert settle(broker) == Settled(moved=0, rejected=SETTLE_MESSAGES, waiting=1)


@pytest.mark.integration
def test_a_settle_that_fails_leaves_the_messages_in_the_queue(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    client.set(f"{{{key}}}:log", "a string where none belongs")
    broker.push([b"a", b"\x1e"])

    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        settle(broker)

    assert client.lrange(key, 0, -1) == [b"\x1e", b"a"]


@pytest.mark.integration
def test_a_full_redis_refuses_a_push(broker: Broker, client: redis.Redis) -> None:
    with full_memory(client), pytest.raises(QueueUnavailable, match=r"maxmemory"):
        broker.push([b"a"])


@pytest.mark.integration
def test_a_full_redis_loses_no_message(broker: Broker, client: redis.Redis, key: str) -> None:
    broker.push(numbered(100))

    with full_memory(client), suppress(QueueUnavailable):
        settle(broker)

    settle_all(broker)
    assert logged(broker) == numbered(100)


@pytest.mark.integration
def test_a_wait_ends_at_its_limit(broker: Broker) -> None:
    assert broker.settle_and_wait(NOTHING, 0.01) == Settled(0, 0, 0)


@pytest.mark.integration
def test_a_wait_ends_with_a_push(broker: Broker) -> None:
    with ThreadPoolExecutor(1) as waiter:
        woken = waiter.submit(broker.settle_and_wait, NOTHING, 4)
        for _ in range(20):  # The first may be settled before the wait begins.
            broker.push([b"a"])
            if wait([woken], 0.1).done:
                break
        woken.result(0)


@pytest.mark.integration
def test_what_a_wait_has_taken_is_settled_before_the_queue(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    broker.push(numbered(4))
    for _ in range(2):
        client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")
    assert client.lrange(f"{{{key}}}:wip", 0, -1) == [b"1", b"0"]

    assert settle(broker) == Settled(moved=4, rejected=0, waiting=0)
    assert logged(broker) == numbered(4)


@pytest.mark.integration
def test_what_a_crashed_process_had_taken_still_counts_as_waiting(
    broker: Broker, client: redis.Redis, key: str
) -> None:
    client.lpush(f"{{{key}}}:wip", *numbered(SETTLE_MESSAGES + 2))
    broker.push([b"last"])

    assert settle(broker) == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=3)
    assert settle(broker) == Settled(moved=3, rejected=0, waiting=0)
    assert logged(broker) == [*numbered(SETTLE_MESSAGES + 2), b"last"]


@pytest.mark.integration
def test_a_log_that_never_was_has_the_id_zero(broker: Broker) -> None:
    assert broker.look().last == 0


@pytest.mark.integration
def test_the_last_id_is_that_of_the_newest_message(broker: Broker) -> None:
    broker.push(numbered(3))
    settle(broker)

    assert broker.look().last == parse_id(read(broker, 0, 3).ids[-1])


@pytest.mark.integration
def test_the_last_id_outlives_its_message(broker: Broker, client: redis.Redis, key: str) -> None:
    broker.push([b"a"])
    settle(broker)
    before = broker.look().last

    client.xtrim(f"{{{key}}}:log", maxlen=0, approximate=False)

    assert broker.look().last == before > 0


@pytest.mark.integration
def test_reading_goes_on_after_the_cursor(broker: Broker) -> None:
    broker.push(numbered(5))
    settle(broker)

    first = read(broker, 0, 2)
    second = read(broker, parse_id(first.ids[-1]), 10)

    assert (first.contents, second.contents) == ([b"0", b"1"], [b"2", b"3", b"4"])
    assert [parse_id(id_) for id_ in first.ids + second.ids] == sorted(
        {parse_id(id_) for id_ in first.ids + second.ids}
    )


@pytest.mark.integration
@pytest.mark.parametrize("block_seconds", [None, 0.0, 0.01])
def test_there_is_nothing_after_the_head(broker: Broker, block_seconds: float | None) -> None:
    broker.push([b"a"])
    settle(broker)

    assert read(broker, broker.look().last, 10, block_seconds) == Page([], [])


@pytest.mark.integration
def test_a_blocked_read_ends_with_a_message(broker: Broker) -> None:
    with ThreadPoolExecutor(1) as reader:
        found = reader.submit(read, broker, 0, 10, 4)
        broker.push([b"a"])
        settle(broker)
        assert found.result(10).contents == [b"a"]


@pytest.mark.integration
def test_what_lies_between_two_ids_ends_with_the_second(broker: Broker) -> None:
    broker.push(numbered(5))
    settle(broker)
    ids = [parse_id(id_) for id_ in read(broker, 0, 5).ids]

    found = broker.read_between(ids[1], ids[3], 10)

    assert (found.page.contents, found.upto, found.is_whole) == ([b"2", b"3"], ids[3], True)
    assert (found.looked, found.bytes, found.page_bytes) == (2, 4, 4)
    first = broker.read_between(ids[1], ids[3], 1)
    assert (first.page.contents, first.upto, first.is_whole) == ([b"2"], ids[2], True)
    assert broker.read_between(ids[4], ids[4], 10) == Stretch(Page([], []), ids[4], 0, 0, 0, True)


@pytest.mark.integration
def test_a_log_that_forgot_nothing_is_complete_from_the_start(broker: Broker) -> None:
    broker.push(numbered(2))
    settle(broker)

    found = broker.read_between(0, broker.look().last, 10)

    assert (found.page.contents, found.is_whole) == ([b"0", b"1"], True)


@pytest.mark.integration
def test_a_log_without_its_last_message_is_not_whole(broker: Broker) -> None:
    assert not broker.read_between(0, 1, 10).is_whole
    broker.push(numbered(2))
    settle(broker)

    assert not broker.read_between(0, broker.look().last + 1, 10).is_whole


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

    settle(broker)

    kept = logged(broker)
    assert kept[-2:] == numbered(2)
    assert len(kept) < 100  # It forgets whole nodes: a rest of the old may share one with the new.


@pytest.mark.integration
def test_a_reader_behind_what_the_log_forgot_is_told_so(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(100, ENOUGH))
    broker.push(numbered(1000))
    settle_all(broker)
    head = broker.look().last
    oldest = parse_id(read(broker, 0, 1).ids[0])

    for cursor in (0, oldest - 2):
        found = broker.read_between(cursor, head, 1)
        assert (parse_id(found.page.ids[0]), found.is_whole) == (oldest, False)


@pytest.mark.integration
def test_a_reader_at_the_edge_of_what_the_log_forgot_misses_nothing(
    client: redis.Redis, key: str
) -> None:
    broker = Broker(client, key, History(100, ENOUGH))
    broker.push(numbered(1000))
    settle_all(broker)
    ids = [parse_id(id_) for id_ in read(broker, 0, 2).ids]

    before = broker.read_between(ids[0] - 1, broker.look().last, 1)
    after = broker.read_between(ids[0], broker.look().last, 1)

    assert (before.page.ids, before.is_whole) == ([format_id(ids[0])], True)
    assert (after.page.ids, after.is_whole) == ([format_id(ids[1])], True)


@pytest.mark.integration
def test_the_keys_lie_in_one_slot(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(1, ENOUGH))
    broker.push([b"\x1e", *numbered(300), b"waits", b"waits, too"])
    settle(broker)
    broker.push([b"taken", b"queued"])
    client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")

    rest = ("wip", "log", "rejected", "floor", "first", "epoch")
    names = [key, *(f"{{{key}}}:{name}" for name in rest)]
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


# Epochs: what the log has lost is noticed, by whoever knew it.


def known(broker: Broker) -> Mark:
    state = broker.look()
    return Mark(state.epoch, state.last)


@pytest.mark.integration
def test_the_epoch_stays_while_nothing_is_lost(broker: Broker) -> None:
    before = known(broker)
    broker.push(numbered(3))

    settled, page = broker.settle_and_read(before, 10)

    assert settled.log.epoch == before.epoch
    assert broker.look(Mark(before.epoch, parse_id(page.ids[-1]))).epoch == before.epoch
    first = Mark(before.epoch, parse_id(page.ids[0]))
    assert broker.read_after(first, 10)[1] is False  # The first answer of a new connection.
    assert broker.read_after(first, 10) == (Page(page.ids[1:], page.contents[1:]), True)


@pytest.mark.integration
def test_what_the_log_forgets_as_it_should_is_not_lost(client: redis.Redis, key: str) -> None:
    broker = Broker(client, key, History(100, ENOUGH))
    broker.push([b"first"])
    settle(broker)
    first = known(broker)
    broker.push(numbered(1000))
    settle_all(broker)
    broker.read_after(first, 1)

    assert broker.look(first).epoch == first.epoch
    assert broker.look(first).floor > first.id
    assert broker.read_after(first, 10)[1] is False  # But what came next is forgotten.


@pytest.mark.integration
@pytest.mark.parametrize("lost", ["all", "log", "newest"])
def test_a_loss_begins_a_new_epoch(
    broker: Broker, client: redis.Redis, key: str, lost: str
) -> None:
    broker.push(numbered(3))
    settle(broker)
    ids = read(broker, 0, 3).ids
    before = known(broker)
    log = f"{{{key}}}:log"
    if lost == "newest":  # An older snapshot: the stream knows nothing of its last message.
        client.delete(log)
        client.xadd(log, {"c": "0"}, id=ids[0])
    else:
        client.delete(log, *([f"{{{key}}}:epoch"] if lost == "all" else []))

    broker.push([b"new"])
    after, _ = broker.settle_and_read(before, 10)

    assert after.log.epoch != before.epoch
    assert after.log.start == (parse_id(ids[0]) if lost == "newest" else 0)
    assert read(broker, after.log.start, 10).contents == [b"new"]
    assert broker.read_after(before, 10)[1] is False
    assert broker.look(before).epoch == after.log.epoch  # It begins once, not once a process.


@pytest.mark.integration
def test_a_message_is_found_by_its_id(broker: Broker) -> None:
    broker.push([b"a"])
    settle(broker)
    (id_,) = map(parse_id, read(broker, 0, 1).ids)

    assert broker.has(id_)
    assert not broker.has(id_ + 1)
    assert not broker.has(LARGEST_ID)
    assert not broker.has(LARGEST_ID + 1)


@pytest.mark.integration
def test_the_newest_messages_are_said_without_their_contents(broker: Broker) -> None:
    assert broker.newest(0) == (Page([], [], None), True)
    to = [(), ("a",), ("user:1", "b.c")]
    broker.push([Message(f"{at}", to[at % 3]).to_item() for at in range(1000)])
    settle_all(broker)
    ids = read(broker, 0, 1000).ids

    found, is_all, upto = list[bytes](), False, broker.look().last
    while not is_all:
        page, is_all = broker.newest(upto)
        assert page.contents == []
        assert page.addresses is not None
        start = len(ids) - len(found) - len(page.ids)
        assert page.addresses == [to[(start + at) % 3] for at in range(len(page.ids))]
        found[:0] = page.ids
        upto = parse_id(found[0]) - 1
    assert found == ids


@pytest.mark.integration
@pytest.mark.parametrize("size", [10, 60_000])
def test_one_look_at_the_newest_is_bounded(broker: Broker, size: int) -> None:
    broker.push([b"x" * size] * 600)
    settle_all(broker)

    page, is_all = broker.newest(broker.look().last)

    assert not is_all
    assert len(page.ids) <= min(LOOKED, LOOKED_BYTES / size + 16)
