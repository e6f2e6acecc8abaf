"""`RedisLog`: reading, and epochs. Of settling there is test_settle.py."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import fakeredis
import pytest
import redis

from common.errors import QueueUnavailable
from common.message import LARGEST_ID, Mark, Message, format_id, parse_id
from common.page import Page
from common.store.connect import connect
from common.store.line import Line
from common.store.log import LOOKED, LOOKED_BYTES, Log
from common.store.log_state import Stretch
from tests.support.store import Center, numbered

NOTHING = Mark("", 0)
LONG_AGO = 1_000_000_000_000  # Milliseconds: the year 2001.

EVERY_CALL: dict[str, Callable[[Log], object]] = {
    "look": lambda log: log.look(),
    "settle_and_read": lambda log: log.settle_and_read(NOTHING, 1),
    "ask_to_settle": lambda log: log.ask_to_settle(NOTHING, 1, 0.01)(),
    "wait_after": lambda log: log.wait_after(NOTHING, 0.01),
    "read_after": lambda log: log.read_after(NOTHING, 1),
    "has": lambda log: log.has(1),
    "newest": lambda log: log.newest(1),
    "read_between": lambda log: log.read_between(NOTHING, 1, 1),
    "pick_between": lambda log: log.pick_between(NOTHING, 1, frozenset()),
}


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


@pytest.mark.parametrize("nothing", [None, []])
def test_nothing_new_is_an_empty_page(nothing: object, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Center(fakeredis.FakeRedis(), "key").log
    monkeypatch.setattr(Line, "call", lambda *_: [nothing, b"e1 0-0", b"0-1", []])

    assert log.read_after(Mark("e1", 0), 10) == (Page([], []), True)


# With a real Valkey.


@pytest.mark.integration
def test_a_log_that_never_was_has_the_id_zero(center: Center) -> None:
    assert center.log.look().last == 0


@pytest.mark.integration
def test_the_last_id_is_that_of_the_newest_message(center: Center) -> None:
    center.queue.push(numbered(3))
    center.settle()

    assert center.log.look().last == parse_id(center.read(0, 3).ids[-1])


@pytest.mark.integration
def test_the_last_id_outlives_its_message(center: Center, client: redis.Redis, key: str) -> None:
    center.queue.push([b"a"])
    center.settle()
    before = center.log.look().last

    client.xtrim(f"{{{key}}}:log", maxlen=0, approximate=False)

    assert center.log.look().last == before > 0


@pytest.mark.integration
def test_reading_goes_on_after_the_cursor(center: Center) -> None:
    center.queue.push(numbered(5))
    center.settle()

    first = center.read(0, 2)
    second = center.read(parse_id(first.ids[-1]), 10)

    assert (first.contents, second.contents) == ([b"0", b"1"], [b"2", b"3", b"4"])
    assert [parse_id(id_) for id_ in first.ids + second.ids] == sorted(
        {parse_id(id_) for id_ in first.ids + second.ids}
    )


@pytest.mark.integration
def test_there_is_nothing_after_the_head(center: Center) -> None:
    center.queue.push([b"a"])
    center.settle()
    head = center.log.look().last

    assert center.read(head, 10) == Page([], [])
    assert not center.log.wait_after(Mark("", head), 0.0)
    assert not center.log.wait_after(Mark("", head), 0.01)


@pytest.mark.integration
def test_a_wait_ends_with_a_message(center: Center) -> None:
    with ThreadPoolExecutor(1) as waiter:
        found = waiter.submit(center.log.wait_after, NOTHING, 4)
        center.queue.push([b"a"])
        center.settle()
        assert found.result(10)


@pytest.mark.integration
def test_a_wait_is_over_at_once_if_something_follows(center: Center) -> None:
    center.queue.push(numbered(2))
    center.settle()

    assert center.log.wait_after(NOTHING, 4)


@pytest.mark.integration
def test_what_lies_between_two_ids_ends_with_the_second(center: Center) -> None:
    center.queue.push(numbered(5))
    center.settle()
    ids = [parse_id(id_) for id_ in center.read(0, 5).ids]

    found = center.log.read_between(center.at(ids[1]), ids[3], 10)

    assert (found.page.contents, found.upto, found.is_whole) == ([b"2", b"3"], ids[3], True)
    assert (found.looked, found.bytes, found.page_bytes) == (2, 4, 4)
    first = center.log.read_between(center.at(ids[1]), ids[3], 1)
    assert (first.page.contents, first.upto, first.is_whole) == ([b"2"], ids[2], True)
    assert center.log.read_between(center.at(ids[4]), ids[4], 10) == Stretch(
        Page([], []), ids[4], 0, 0, 0, True
    )


@pytest.mark.integration
def test_a_log_that_forgot_nothing_is_complete_from_the_start(center: Center) -> None:
    center.queue.push(numbered(2))
    center.settle()

    found = center.log.read_between(center.at(0), center.log.look().last, 10)

    assert (found.page.contents, found.is_whole) == ([b"0", b"1"], True)


@pytest.mark.integration
def test_a_log_without_its_last_message_is_not_whole(center: Center) -> None:
    center.settle()
    assert not center.log.read_between(center.at(0), 1, 10).is_whole
    center.queue.push(numbered(2))
    center.settle()

    assert not center.log.read_between(center.at(0), center.log.look().last + 1, 10).is_whole


@pytest.mark.integration
def test_the_log_keeps_at_least_its_size_and_not_much_more(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=150)
    center.queue.push(numbered(2000))
    center.settle_all()

    kept = center.logged()

    assert 150 <= len(kept) < 150 + 100  # It forgets whole nodes, of 100 messages.
    assert kept == numbered(2000)[-len(kept) :]


@pytest.mark.integration
def test_the_log_forgets_what_is_too_old(center: Center, client: redis.Redis, key: str) -> None:
    for number in range(250):
        client.xadd(f"{{{key}}}:log", {"c": "old"}, id=f"{LONG_AGO + number}-0")
    center.queue.push(numbered(2))

    center.settle()

    kept = center.logged()
    assert kept[-2:] == numbered(2)
    assert len(kept) < 100  # It forgets whole nodes: a rest of the old may share one with the new.


@pytest.mark.integration
def test_a_reader_behind_what_the_log_forgot_is_told_so(client: redis.Redis, key: str) -> None:
    center = Center(client, key, size=100)
    center.queue.push(numbered(1000))
    center.settle_all()
    head = center.log.look().last
    oldest = parse_id(center.read(0, 1).ids[0])

    for cursor in (0, oldest - 2):
        found = center.log.read_between(center.at(cursor), head, 1)
        assert (parse_id(found.page.ids[0]), found.is_whole) == (oldest, False)


@pytest.mark.integration
def test_a_reader_at_the_edge_of_what_the_log_forgot_misses_nothing(
    client: redis.Redis, key: str
) -> None:
    center = Center(client, key, size=100)
    center.queue.push(numbered(1000))
    center.settle_all()
    ids = [parse_id(id_) for id_ in center.read(0, 2).ids]

    before = center.log.read_between(center.at(ids[0] - 1), center.log.look().last, 1)
    after = center.log.read_between(center.at(ids[0]), center.log.look().last, 1)

    assert (before.page.ids, before.is_whole) == ([format_id(ids[0])], True)
    assert (after.page.ids, after.is_whole) == ([format_id(ids[1])], True)


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
    center.settle()
    first = known(center)
    center.queue.push(numbered(1000))
    center.settle_all()
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
    center.settle()
    ids = center.read(0, 3).ids
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
    assert center.read(after.log.start, 10).contents == [b"new"]
    assert center.log.read_after(before, 10)[1] is False
    assert center.log.look(before).epoch == after.log.epoch  # It begins once, not once a process.


@pytest.mark.integration
def test_a_message_is_found_by_its_id(center: Center) -> None:
    center.queue.push([b"a"])
    center.settle()
    (id_,) = map(parse_id, center.read(0, 1).ids)

    assert center.log.has(id_)
    assert not center.log.has(id_ + 1)
    assert not center.log.has(LARGEST_ID)
    assert not center.log.has(LARGEST_ID + 1)


@pytest.mark.integration
def test_the_newest_messages_are_said_without_their_contents(center: Center) -> None:
    assert center.log.newest(0) == (Page([], [], None), True)
    to = [(), ("a",), ("user:1", "b.c")]
    center.queue.push([Message(f"{at}", to[at % 3]).to_item() for at in range(1000)])
    center.settle_all()
    ids = center.read(0, 1000).ids

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
def test_the_newest_messages_are_said_with_their_events(center: Center) -> None:
    center.queue.push([Message("x", ("a",), event).to_item() for event in ("", "paid")])
    center.settle_all()

    assert center.log.newest(center.log.look().last)[0].events == [b"", b"paid"]


@pytest.mark.integration
@pytest.mark.parametrize("size", [10, 60_000])
def test_one_look_at_the_newest_is_bounded(center: Center, size: int) -> None:
    center.queue.push([b"x" * size] * 600)
    center.settle_all()

    page, is_all = center.log.newest(center.log.look().last)

    assert not is_all
    assert len(page.ids) <= min(LOOKED, LOOKED_BYTES / size + 16)


def test_messages_are_fetched_by_their_ids_as_far_as_they_are_there(center: Center) -> None:
    center.queue.push([Message(text).to_item() for text in ("one", "two", "three")])
    center.settle_all()
    ids = center.read(0, 3).ids
    epoch = center.at(0).epoch

    page = center.log.fetch(epoch, [ids[2], b"1-1", ids[0]])

    assert (page.ids, page.contents) == ([ids[2], ids[0]], [b"three", b"one"])
    assert not center.log.fetch(epoch, [])
    with pytest.raises(QueueUnavailable):
        center.log.fetch("other", ids)
