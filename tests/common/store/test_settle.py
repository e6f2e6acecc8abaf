"""settle.lua by `RedisLog`, with a real Valkey: what is moved, set aside and left."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import redis

from common.errors import QueueUnavailable
from common.json_content import JsonBytes
from common.message import Mark, Message
from common.page import Page
from common.store.log import SETTLE_BYTES, SETTLE_MESSAGES
from common.store.log_state import Settled
from tests.support.processes import wait_until
from tests.support.store import Center, full_memory, numbered

pytestmark = pytest.mark.integration

NOTHING = Mark("", 0)


def test_a_push_is_waiting_until_it_is_settled(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push([b"a", b"b"])
    assert client.lrange(key, 0, -1) == [b"b", b"a"]

    assert center.settle() == Settled(moved=2, rejected=0, waiting=0)
    assert client.exists(key) == 0
    assert center.logged() == [b"a", b"b"]


def test_a_settle_of_nothing_leaves_nothing_but_the_epoch(
    center: Center, client: redis.Redis, key: str
) -> None:
    assert center.settle() == Settled(moved=0, rejected=0, waiting=0)
    assert client.keys(f"*{key}*") == [f"{{{key}}}:epoch".encode()]


def test_content_of_any_producer_is_logged_byte_by_byte(
    center: Center, client: redis.Redis, key: str
) -> None:
    contents = [b"", b"\x00\xff", b"line\r\nline", "中文😀".encode(), b' {"content":"x"}', b"a\x1e"]
    for content in contents:
        client.lpush(key, content)

    center.settle()

    assert center.logged() == contents


def test_one_settle_moves_a_bounded_number_of_messages(center: Center) -> None:
    center.queue.push(numbered(SETTLE_MESSAGES + 1))

    assert center.settle() == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=1)
    assert center.settle() == Settled(moved=1, rejected=0, waiting=0)
    assert center.logged() == numbered(SETTLE_MESSAGES + 1)


def test_one_settle_moves_a_bounded_number_of_bytes(center: Center) -> None:
    size = 10 * 1024
    center.queue.push(numbered(400, size))

    moved = center.settle().moved

    assert SETTLE_BYTES <= moved * size < SETTLE_BYTES + 32 * size
    center.settle_all()
    assert center.logged() == numbered(400, size)


def test_one_settle_looks_for_the_end_of_few_large_objects(center: Center) -> None:
    """It takes Redis longer than to read text."""
    items = [b'\x1e{"content":["' + b"[" * 32 * 1024 + b'"]}'] * 5
    center.queue.push([*items, b"last"])

    assert center.settle() == Settled(moved=2, rejected=0, waiting=4)
    center.settle_all()
    assert [len(content) for content in center.logged()] == [32 * 1024 + 4] * 5 + [4]


def test_items_larger_than_the_bound_are_not_stuck(center: Center) -> None:
    center.queue.push([b"." * (SETTLE_BYTES + 1), b"next"])
    center.settle_all()

    assert [len(content) for content in center.logged()] == [SETTLE_BYTES + 1, 4]


def test_settlers_side_by_side_move_every_message_once_and_in_order(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push(numbered(8 * SETTLE_MESSAGES))

    with ThreadPoolExecutor(4) as settlers:
        done = list(settlers.map(lambda _: Center(client, key).settle(), range(8)))

    assert sum(settled.moved for settled in done) == 8 * SETTLE_MESSAGES
    assert center.logged() == numbered(8 * SETTLE_MESSAGES)


@pytest.mark.parametrize("content", ["\x1e", '\x1e中文😀"\\\n\x00', '\x1e{"content":"x"}'])
def test_an_envelope_comes_out_as_the_content_that_went_in(center: Center, content: str) -> None:
    center.queue.push([Message(content).to_item()])

    assert center.settle().rejected == 0
    assert center.logged() == [content.encode()]


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
        b'\x1e{"content":true}',
        b'\x1e{"content":"[]","json":1}',
        b'\x1e{"content":["a"],"chanel":"b"}',
        b'\x1e{"\\u0063ontent":["a"]}',
        b'\x1e{"content":["' + b"a" * 64 * 1024 + b'"]}',
        b'\x1e{"content":' + b"[" * 1001 + b"]" * 1001 + b"}",
        b'\x1e{"content":"a","chanel":"b"}',
        b'\x1e{"channel":"b"}',
    ],
)
def test_an_envelope_that_cannot_be_read_is_set_aside_and_not_in_the_way(
    center: Center, client: redis.Redis, key: str, envelope: bytes
) -> None:
    center.queue.push([b"before", envelope, b"after"])

    assert center.settle() == Settled(moved=2, rejected=1, waiting=0)
    assert center.logged() == [b"before", b"after"]
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [envelope]


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        (b'"content": "{\\"a\\":1}", "json": true', b'{"a":1}'),
        (b'"content": {}', b"{}"),
        (b'"content" : [ ] ', b"[]"),
        (b'"content":{"b":1.0,"a":1234567890123456789}', b'{"b":1.0,"a":1234567890123456789}'),
        (rb'"content":{"\u8ba2":"\/\"}]\\"},"channel":"a"', '{"订":"/\\"}]\\\\"}'.encode()),
        (b'"channels":["a"],"content":{"b":{"channels":""}}', b'{"b":{"channels":""}}'),
        (b'"user":"content","content":[[],{},"}",{"content":2}]', b'[[],{},"}",{"content":2}]'),
        (b'"content":["first"],"content":["last"]', b'["last"]'),
    ],
)
def test_content_that_is_json_is_logged_as_json_whoever_wrote_it(
    center: Center, fields: bytes, value: bytes
) -> None:
    center.queue.push([b"\x1e{" + fields + b"}"])

    assert center.settle().rejected == 0
    (content,) = center.logged()
    assert type(content) is JsonBytes
    assert content == value


@pytest.mark.parametrize(
    "fields",
    [
        b'"content":"{}"',
        b'"content":"{}","json":false',
        b'"content":"hello","json":true',
        b'"content":"{} {}","json":true',
        b'"content":"1","json":true',
        b'"content":[NaN]',
        b'"content":[1e999]',
        b'"content":' + b"[" * 51 + b"]" * 51,
        b'"content":[' + b"0," * 10_000 + b"0]",
    ],
)
def test_content_that_is_not_said_to_be_json_or_is_none_is_text(
    center: Center, fields: bytes
) -> None:
    center.queue.push([b"\x1e{" + fields + b"}"])

    assert center.settle().rejected == 0
    assert [type(content) for content in center.logged()] == [bytes]


def test_the_newest_of_what_was_set_aside_comes_first(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push([b"\x1eold", b"\x1enew"])

    assert center.settle() == Settled(moved=0, rejected=2, waiting=0)
    assert client.lrange(f"{{{key}}}:rejected", 0, -1) == [b"\x1enew", b"\x1eold"]


def test_a_bounded_settle_counts_what_it_sets_aside(center: Center) -> None:
    center.queue.push([b"\x1e"] * SETTLE_MESSAGES + [b"a"])

    assert center.settle() == Settled(moved=0, rejected=SETTLE_MESSAGES, waiting=1)


def test_a_settle_that_fails_leaves_the_messages_in_the_queue(
    center: Center, client: redis.Redis, key: str
) -> None:
    client.set(f"{{{key}}}:log", "a string where none belongs")
    center.queue.push([b"a", b"\x1e"])

    with pytest.raises(QueueUnavailable, match=r"WRONGTYPE"):
        center.settle()

    assert client.lrange(key, 0, -1) == [b"\x1e", b"a"]


def test_a_full_redis_loses_no_message(center: Center, client: redis.Redis, key: str) -> None:
    center.queue.push(numbered(100))

    with full_memory(client), suppress(QueueUnavailable):
        center.settle()

    center.settle_all()
    assert center.logged() == numbered(100)


def test_a_wait_ends_at_its_limit(center: Center) -> None:
    assert center.log.ask_to_settle(NOTHING, 1, 0.01)() == (Settled(0, 0, 0), Page([], []))


def test_a_wait_ends_with_a_push_which_is_settled_and_read_then(center: Center) -> None:
    answer = center.log.ask_to_settle(NOTHING, 10, 4)

    center.queue.push(numbered(3))

    settled, page = answer()
    assert (settled.moved, page.contents) == (3, numbered(3))


def test_a_settle_is_asked_for_before_its_answer_is_wanted(center: Center) -> None:
    center.queue.push([b"a"])
    answer = center.log.ask_to_settle(NOTHING, 10)
    wait_until(lambda: bool(center.logged()), "it is settled")

    settled, page = answer()

    assert (settled.moved, page.contents) == (1, [b"a"])


def test_an_answer_that_nobody_has_taken_is_not_taken_for_another(center: Center) -> None:
    center.queue.push([b"a"])
    answer = center.log.ask_to_settle(NOTHING, 10)

    assert center.log.settle_and_read(NOTHING, 10)[1].contents == [b"a"]
    with pytest.raises(QueueUnavailable):
        answer()


def test_a_script_that_redis_has_forgotten_is_told_to_it_again_after_a_wait(
    center: Center, client: redis.Redis
) -> None:
    center.settle()
    client.script_flush()
    answer = center.log.ask_to_settle(NOTHING, 10, 4)
    center.queue.push(numbered(2))

    settled, page = answer()

    assert (settled.moved, page.contents) == (2, numbered(2))


def test_what_a_wait_has_taken_is_settled_before_the_queue(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push(numbered(4))
    for _ in range(2):
        client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")
    assert client.lrange(f"{{{key}}}:wip", 0, -1) == [b"1", b"0"]

    assert center.settle() == Settled(moved=4, rejected=0, waiting=0)
    assert center.logged() == numbered(4)


def test_what_a_crashed_process_had_taken_still_counts_as_waiting(
    center: Center, client: redis.Redis, key: str
) -> None:
    client.lpush(f"{{{key}}}:wip", *numbered(SETTLE_MESSAGES + 2))
    center.queue.push([b"last"])

    assert center.settle() == Settled(moved=SETTLE_MESSAGES, rejected=0, waiting=3)
    assert center.settle() == Settled(moved=3, rejected=0, waiting=0)
    assert center.logged() == [*numbered(SETTLE_MESSAGES + 2), b"last"]


def test_the_keys_lie_in_one_slot(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=1)
    center.queue.push([b"\x1e", *numbered(300), b"waits", b"waits, too"])
    center.settle()
    center.queue.push([b"taken", b"queued"])
    client.lmove(key, f"{{{key}}}:wip", "RIGHT", "LEFT")

    rest = ("wip", "log", "rejected", "floor", "first", "epoch", "bytes")
    names = [key, *(f"{{{key}}}:{name}" for name in rest)]
    assert sorted(client.keys(f"*{key}*")) == sorted(name.encode() for name in names)

    slots = {client.cluster("KEYSLOT", name) for name in names}
    assert len(slots) == 1
