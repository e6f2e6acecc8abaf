"""`RedisLog`: settling, reading, epochs; most of it with a real Valkey."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import fakeredis
import pytest
import redis

from common.errors import QueueUnavailable
from common.message import LARGEST_ID, Mark, Message, format_id, parse_id
from common.page import Page
from common.store.connect import connect
from common.store.log import LOOKED, LOOKED_BYTES, SETTLE_BYTES, SETTLE_MESSAGES, Log, Stretch
from common.store.log_state import Settled
from tests.support.store import ENOUGH, Center, full_memory

NOTHING = Mark("", 0)
LONG_AGO = 1_000_000_000_000  # Milliseconds: the year 2001.

EVERY_CALL: dict[str, Callable[[Log], object]] = {
    "look": lambda log: log.look(),
    "settle_and_read": lambda log: log.settle_and_read(NOTHING, 1),
    "settle_and_wait": lambda log: log.settle_and_wait(NOTHING, 0.01),
    "read_after": lambda log: log.read_after(NOTHING, 1),
    "has": lambda log: log.has(1),
    "newest": lambda log: log.newest(1),
    "read_between": lambda log: log.read_between(0, 1, 1),
    "pick_between": lambda log: log.pick_between(0, 1, frozenset()),
}


@pytest.fixture
def center(client: redis.Redis, key: str) -> Center:
    return Center(client, key)


def numbered(count: int, size: int = 0) -> list[bytes]:
    return [b"%d" % number + b"." * size for number in range(count)]


def settle(center: Center) -> Settled:
    return center.log.settle_and_read(NOTHING, 1)[0]


def settle_all(center: Center) -> None:
    while settle(center).waiting:
        pass


def read(center: Center, after: int, count: int, block_seconds: float | None = None) -> Page:
    return center.log.read_after(Mark("", after), count, block_seconds)[0]


def logged(center: Center) -> list[bytes]:
    return read(center, 0, ENOUGH).contents


# With fakeredis: what is asked of Redis, without a server.


@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_lost_redis_is_an_unavailable_queue(call: Callable[[Log], object]) -> None:
    server = fakeredis.FakeServer()
    log = Center(fakeredis.FakeRedis(server=server), "key").log
    server.connected = False

    with pytest.raises(QueueUnavailable) as caught:
        call(log)

    assert caught.value.__cause__ is None  # Redis may have quoted a message in it.
    assert caught.value.__suppress_context__


def test_nothing_is_connected_before_the_first_command() -> None:
    Center(connect("redis://nowhere.invalid/0", 2, 1), "key")


# With a real Valkey.


@pytest.mark.integration
def test_a_push_is_waiting_until_it_is_settled(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push([b"a", b"b"])
    assert client.lrange(key, 0, -1) == [b"b", b"a"]

    assert settle(center) == Settled(moved=2, rejected=0, waiting=0)
    assert client.exists(key) == 0
    assert logged(center) == [b"a", b"b"]


@pytest.mark.integration
def test_a_settle_of_nothing_leaves_nothing_but_the_epoch(
    center: Center, client: redis.Redis, key: str
) -> None:
    assert settle(center) == Settled(moved=0, rejected=0, waiting=0)
    assert client.keys(f"*{key}*") == [f"{{{key}}}:epoch".encode()]


@pytest.mark.integration
def test_content_of_any_producer_is_logged_byte_by_byte(
    center: Center, client: redis.Redis, key: str
) -> None:
    contents = [b"", b"\x00\xff", b"line\r\nline", "中文😀".encode(), b' {"content":"x"}', b"a\x1e"]
    for content in contents:
        client.lpush(key, content)

    settle(center)

    assert logged(center) == contents


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_messages(center: Center) -> None:
    center.queue.push(numbered(SETTLE_MESSAGES + 1))

    assert settle(center) == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=1)
    assert settle(center) == Settled(moved=1, rejected=0, waiting=0)
    assert logged(center) == numbered(SETTLE_MESSAGES + 1)


@pytest.mark.integration
def test_one_settle_moves_a_bounded_number_of_bytes(center: Center) -> None:
    size = 10 * 1024
    center.queue.push(numbered(400, size))

    moved = settle(center).moved

    assert SETTLE_BYTES <= moved * size < SETTLE_BYTES + 32 * size
    settle_all(center)
    assert logged(center) == numbered(400, size)


@pytest.mark.integration
def test_items_larger_than_the_bound_are_not_stuck(center: Center) -> None:
    center.queue.push([b"." * (SETTLE_BYTES + 1), b"next"])
    settle_all(center)

    assert [len(content) for content in logged(center)] == [SETTLE_BYTES + 1, 4]


@pytest.mark.integration
def test_settlers_side_by_side_move_every_message_once_and_in_order(center: Center) -> None:
    center.queue.push(numbered(8 * SETTLE_MESSAGES))

    with ThreadPoolExecutor(4) as settlers:
        done = list(settlers.map(lambda _: settle(center), range(8)))

    assert sum(settled.moved for settled in done) == 8 * SETTLE_MESSAGES
    assert logged(center) == numbered(8 * SETTLE_MESSAGES)


@pytest.mark.integration
@pytest.mark.parametrize("content", ["\x1e", '\x1e中文😀"\\\n\x00', '\x1e{"content":"x"}'])
def test_an_envelope_comes_out_as_the_content_that_went_in(center: Center, content: str) -> None:
    center.queue.push([Message(content).to_item()])

    assert settle(center).rejected == 0
    assert logged(center) == [content.encode()]


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
    center: Center, client: redis.Redis, key: str, envelope: bytes
) -> None:
    center.queue.push([b"before", envelope, b"after"])

    assert settle(center) == Settled(moved=2, rejected=1, waiting=0)
    assert logged(center) == [b"before", b"after"]
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [envelope]


@pytest.mark.integration
def test_the_newest_of_what_was_set_aside_comes_first(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push([b"\x1eold", b"\x1enew"])

    assert settle(center) == Settled(moved=0, rejected=2, waiting=0)
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [b"\x1enew", b"\x1eold"]


@pytest.mark.integration
def test_a_bounded_settle_counts_what_it_sets_aside(center: Center) -> None:
    center.queue.push([b"\x1e"] * SETTLE_MESSAGES + [b"a"])

    assert settle(center) == Settled(moved=0, rejected=SETTLE_MESSAGES, waiting=1)


@pytest.mark.integration
def test_a_settle_that_fails_leaves_the_messages_in_the_queue(
    center: Center, client: redis.Redis, key: str
) -> None:
    client.set(f"{{{key}}}:log", "a string where none belongs")
    center.queue.push([b"a", b"\x1e"])

    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        settle(center)

    assert client.lrange(key, 0, -1) == [b"\x1e", b"a"]


@pytest.mark.integration
def test_a_full_redis_loses_no_message(center: Center, client: redis.Redis, key: str) -> None:
    center.queue.push(numbered(100))

    with full_memory(client), suppress(QueueUnavailable):
        settle(center)

    settle_all(center)
    assert logged(center) == numbered(100)


@pytest.mark.integration
def test_a_wait_ends_at_its_limit(center: Center) -> None:
    assert center.log.settle_and_wait(NOTHING, 0.01) == Settled(0, 0, 0)


@pytest.mark.integration
def test_a_wait_ends_with_a_push(center: Center) -> None:
    with ThreadPoolExecutor(1) as waiter:
        woken = waiter.submit(center.log.settle_and_wait, NOTHING, 4)
        for _ in range(20):  # The first may be settled before the wait begins.
            center.queue.push([b"a"])
            if wait([woken], 0.1).done:
                break
        woken.result(0)


@pytest.mark.integration
def test_what_a_wait_has_taken_is_settled_before_the_queue(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push(numbered(4))
    for _ in range(2):
        client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")
    assert client.lrange(f"{{{key}}}:wip", 0, -1) == [b"1", b"0"]

    assert settle(center) == Settled(moved=4, rejected=0, waiting=0)
    assert logged(center) == numbered(4)


@pytest.mark.integration
def test_what_a_crashed_process_had_taken_still_counts_as_waiting(
    center: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(f"{{{key}}}:wip", *numbered(SETTLE_MESSAGES + 2))
    center.queue.push([b"last"])

    assert settle(center) == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=3)
    assert settle(center) == Settled(moved=3, rejected=0, waiting=0)
    assert logged(center) == [*numbered(SETTLE_MESSAGES + 2), b"last"]


@pytest.mark.integration
def test_a_log_that_never_was_has_the_id_zero(center: Center) -> None:
    assert center.log.look().last == 0


@pytest.mark.integration
def test_the_last_id_is_that_of_the_newest_message(center: Center) -> None:
    center.queue.push(numbered(3))
    settle(center)

    assert center.log.look().last == parse_id(read(center, 0, 3).ids[-1])


@pytest.mark.integration
def test_the_last_id_outlives_its_message(center: Center, client: redis.Redis, key: str) -> None:
    center.queue.push([b"a"])
    settle(center)
    before = center.log.look().last

    client.xtrim(f"{{{key}}}:log", maxlen=0, approximate=False)

    assert center.log.look().last == before > 0


@pytest.mark.integration
def test_reading_goes_on_after_the_cursor(center: Center) -> None:
    center.queue.push(numbered(5))
    settle(center)

    first = read(center, 0, 2)
    second = read(center, parse_id(first.ids[-1]), 10)

    assert (first.contents, second.contents) == ([b"0", b"1"], [b"2", b"3", b"4"])
    assert [parse_id(id_) for id_ in first.ids + second.ids] == sorted(
        {parse_id(id_) for id_ in first.ids + second.ids}
    )


@pytest.mark.integration
@pytest.mark.parametrize("block_seconds", [None, 0.0, 0.01])
def test_there_is_nothing_after_the_head(center: Center, block_seconds: float | None) -> None:
    center.queue.push([b"a"])
    settle(center)

    assert read(center, center.log.look().last, 10, block_seconds) == Page([], [])


@pytest.mark.integration
def test_a_blocked_read_ends_with_a_message(center: Center) -> None:
    with ThreadPoolExecutor(1) as reader:
        found = reader.submit(read, center, 0, 10, 4)
        center.queue.push([b"a"])
        settle(center)
        assert found.result(10).contents == [b"a"]


@pytest.mark.integration
def test_what_lies_between_two_ids_ends_with_the_second(center: Center) -> None:
    center.queue.push(numbered(5))
    settle(center)
    ids = [parse_id(id_) for id_ in read(center, 0, 5).ids]

    found = center.log.read_between(ids[1], ids[3], 10)

    assert (found.page.contents, found.upto, found.is_whole) == ([b"2", b"3"], ids[3], True)
    assert (found.looked, found.bytes, found.page_bytes) == (2, 4, 4)
    first = center.log.read_between(ids[1], ids[3], 1)
    assert (first.page.contents, first.upto, first.is_whole) == ([b"2"], ids[2], True)
    assert center.log.read_between(ids[4], ids[4], 10) == Stretch(
        Page([], []), ids[4], 0, 0, 0, True
    )


@pytest.mark.integration
def test_a_log_that_forgot_nothing_is_complete_from_the_start(center: Center) -> None:
    center.queue.push(numbered(2))
    settle(center)

    found = center.log.read_between(0, center.log.look().last, 10)

    assert (found.page.contents, found.is_whole) == ([b"0", b"1"], True)


@pytest.mark.integration
def test_a_log_without_its_last_message_is_not_whole(center: Center) -> None:
    assert not center.log.read_between(0, 1, 10).is_whole
    center.queue.push(numbered(2))
    settle(center)

    assert not center.log.read_between(0, center.log.look().last + 1, 10).is_whole


@pytest.mark.integration
def test_the_log_keeps_at_least_its_size_and_not_much_more(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=150)
    center.queue.push(numbered(2000))
    settle_all(center)

    kept = logged(center)

    assert 150 <= len(kept) < 150 + 100  # It forgets whole nodes, of 100 messages.
    assert kept == numbered(2000)[-len(kept) :]


@pytest.mark.integration
def test_the_log_forgets_what_is_too_old(center: Center, client: redis.Redis, key: str) -> None:
    for number in range(250):
        client.xadd(f"{{{key}}}:log", {"c": "old"}, id=f"{LONG_AGO + number}-0")
    center.queue.push(numbered(2))

    settle(center)

    kept = logged(center)
    assert kept[-2:] == numbered(2)
    assert len(kept) < 100  # It forgets whole nodes: a rest of the old may share one with the new.


@pytest.mark.integration
def test_a_reader_behind_what_the_log_forgot_is_told_so(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=100)
    center.queue.push(numbered(1000))
    settle_all(center)
    head = center.log.look().last
    oldest = parse_id(read(center, 0, 1).ids[0])

    for cursor in (0, oldest - 2):
        found = center.log.read_between(cursor, head, 1)
        assert (parse_id(found.page.ids[0]), found.is_whole) == (oldest, False)


@pytest.mark.integration
def test_a_reader_at_the_edge_of_what_the_log_forgot_misses_nothing(
    client: redis.Redis, key: str
) -> None:
    center = Center(client, key, size=100)
    center.queue.push(numbered(1000))
    settle_all(center)
    ids = [parse_id(id_) for id_ in read(center, 0, 2).ids]

    before = center.log.read_between(ids[0] - 1, center.log.look().last, 1)
    after = center.log.read_between(ids[0], center.log.look().last, 1)

    assert (before.page.ids, before.is_whole) == ([format_id(ids[0])], True)
    assert (after.page.ids, after.is_whole) == ([format_id(ids[1])], True)


@pytest.mark.integration
def test_the_keys_lie_in_one_slot(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=1)
    center.queue.push([b"\x1e", *numbered(300), b"waits", b"waits, too"])
    settle(center)
    center.queue.push([b"taken", b"queued"])
    client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")

    rest = ("wip", "log", "rejected", "floor", "first", "epoch")
    names = [key, *(f"{{{key}}}:{name}" for name in rest)]
    assert sorted(client.keys(f"*{key}*")) == sorted(name.encode() for name in names)

    slots = {client.cluster("KEYSLOT", name) for name in names}
    assert len(slots) == 1


@pytest.mark.integration
@pytest.mark.parametrize("call", EVERY_CALL.values(), ids=EVERY_CALL)
def test_a_server_that_is_gone_is_an_unavailable_queue(
    address_of_nobody: str, call: Callable[[Log], object]
) -> None:
    log = Center(connect(address_of_nobody, 2, 1), "key").log

    with pytest.raises(QueueUnavailable, match=r"refused"):
        call(log)


# Epochs: what the log has lost is noticed, by whoever knew it.


def known(center: Center) -> Mark:
    state = center.log.look()
    return Mark(state.epoch, state.last)


@pytest.mark.integration
def test_the_epoch_stays_while_nothing_is_lost(center: Center) -> None:
    before = known(center)
    center.queue.push(numbered(3))

    settled, page = center.log.settle_and_read(before, 10)

    assert settled.log.epoch == before.epoch
    assert center.log.look(Mark(before.epoch, parse_id(page.ids[-1]))).epoch == before.epoch
    first = Mark(before.epoch, parse_id(page.ids[0]))
    assert center.log.read_after(first, 10)[1] is False  # The first answer of a new connection.
    assert center.log.read_after(first, 10) == (Page(page.ids[1:], page.contents[1:]), True)


@pytest.mark.integration
def test_what_the_log_forgets_as_it_should_is_not_lost(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=100)
    center.queue.push([b"first"])
    settle(center)
    first = known(center)
    center.queue.push(numbered(1000))
    settle_all(center)
    center.log.read_after(first, 1)

    assert center.log.look(first).epoch == first.epoch
    assert center.log.look(first).floor > first.id
    assert center.log.read_after(first, 10)[1] is False  # But what came next is forgotten.


@pytest.mark.integration
@pytest.mark.parametrize("lost", ["all", "log", "newest"])
def test_a_loss_begins_a_new_epoch(
    center: Center, client: redis.Redis, key: str, lost: str
) -> None:
    center.queue.push(numbered(3))
    settle(center)
    ids = read(center, 0, 3).ids
    before = known(center)
    log = f"{{{key}}}:log"
    if lost == "newest":  # An older snapshot: the stream knows nothing of its last message.
        client.delete(log)
        client.xadd(log, {"c": "0"}, id=ids[0])
    else:
        client.delete(log, *([f"{{{key}}}:epoch"] if lost == "all" else []))

    center.queue.push([b"new"])
    after, _ = center.log.settle_and_read(before, 10)

    assert after.log.epoch != before.epoch
    assert after.log.start == (parse_id(ids[0]) if lost == "newest" else 0)
    assert read(center, after.log.start, 10).contents == [b"new"]
    assert center.log.read_after(before, 10)[1] is False
    assert center.log.look(before).epoch == after.log.epoch  # It begins once, not once a process.


@pytest.mark.integration
def test_a_message_is_found_by_its_id(center: Center) -> None:
    center.queue.push([b"a"])
    settle(center)
    (id_,) = map(parse_id, read(center, 0, 1).ids)

    assert center.log.has(id_)
    assert not center.log.has(id_ + 1)
    assert not center.log.has(LARGEST_ID)
    assert not center.log.has(LARGEST_ID + 1)


@pytest.mark.integration
def test_the_newest_messages_are_said_without_their_contents(center: Center) -> None:
    assert center.log.newest(0) == (Page([], [], None), True)
    to = [(), ("a",), ("user:1", "b.c")]
    center.queue.push([Message(f"{at}", to[at % 3]).to_item() for at in range(1000)])
    settle_all(center)
    ids = read(center, 0, 1000).ids

    found, is_all, upto = list[bytes](), False, center.log.look().last
    while not is_all:
        page, is_all = center.log.newest(upto)
        assert page.contents == []
        assert page.recipients is not None
        start = len(ids) - len(found) - len(page.ids)
        assert page.recipients == [to[(start + at) % 3] for at in range(len(page.ids))]
        found[:0] = page.ids
        upto = parse_id(found[0]) - 1
    assert found == ids


@pytest.mark.integration
@pytest.mark.parametrize("size", [10, 60_000])
def test_one_look_at_the_newest_is_bounded(center: Center, size: int) -> None:
    center.queue.push([b"x" * size] * 600)
    settle_all(center)

    page, is_all = center.log.newest(center.log.look().last)

    assert not is_all
    assert len(page.ids) <= min(LOOKED, LOOKED_BYTES / size + 16)
