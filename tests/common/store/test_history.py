"""`RedisHistory` and its script, with a real Valkey."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.message import Kick, Message, parse_id
from common.store.connect import connect
from common.store.history import HANDFUL, LOOKED, LOOKED_BYTES, RedisHistory
from tests.support.store import Center

pytestmark = pytest.mark.integration


@pytest.fixture
def history(client: redis.Redis, key: str) -> RedisHistory:
    return RedisHistory(client, key)


def fill(center: Center, *contents: str) -> None:
    center.queue.push([Message(content).to_item() for content in contents])
    center.settle()


def test_before_anything_was_pushed_there_is_no_log(history: RedisHistory) -> None:
    for look in (history.after(0, 10), history.before(None, 10)):
        assert (look.epoch, look.newest, look.is_end, bool(look.page)) == ("", 0, True, False)


def test_forwards_and_backwards_find_the_same(history: RedisHistory, center: Center) -> None:
    fill(center, *"abcde")

    forwards, backwards = history.after(0, 10), history.before(None, 10)

    assert forwards.page.contents == [b"a", b"b", b"c", b"d", b"e"]
    assert backwards.page.ids == forwards.page.ids[::-1]
    assert forwards.newest == backwards.newest == parse_id(forwards.page.ids[-1])
    assert forwards.floor <= parse_id(forwards.page.ids[0])
    assert forwards.epoch
    assert forwards.is_end
    assert backwards.is_end


def test_a_look_goes_on_at_any_id(history: RedisHistory, center: Center) -> None:
    fill(center, *"abcde")
    ids = list(map(parse_id, history.after(0, 10).page.ids))

    assert history.after(ids[1], 2).page.contents == [b"c", b"d"]
    assert history.before(ids[3], 2).page.contents == [b"c", b"b"]
    assert not history.after(ids[1], 2).is_end
    assert history.after(ids[4], 2).is_end
    assert history.after(ids[1], 2).has
    assert not history.after(ids[4] + 1, 2).has


def test_whom_a_message_is_for_is_in_the_page(history: RedisHistory, center: Center) -> None:
    center.queue.push([Message("a", ("orders", "user:42")).to_item(), Kick("7").to_item()])
    center.settle()

    assert history.after(0, 10).page.recipients == [("orders", "user:42"), ("!7",)]


def test_a_look_is_bounded_in_number_and_bytes(history: RedisHistory, center: Center) -> None:
    fill(center, *["x"] * (LOOKED + 50))
    assert len(history.after(0, 10_000).page.ids) == LOOKED

    fill(center, *["x" * 60_000] * 20)
    size = sum(map(len, history.before(None, 10_000).page.contents))
    assert size < LOOKED_BYTES + 5 * 60_000  # A handful, of the usual size until then.


def test_a_log_that_somebody_trimmed_is_not_whole(
    history: RedisHistory, center: Center, client: redis.Redis, key: str
) -> None:
    fill(center, *"abcde")
    ids = history.after(0, 10).page.ids
    client.xtrim(f"{{{key}}}:log", minid=ids[3].decode(), approximate=False)

    assert not history.after(parse_id(ids[0]), 10).is_whole
    assert history.after(parse_id(ids[3]), 10).is_whole


def test_a_wait_ends_with_a_message_or_with_its_time(history: RedisHistory, center: Center) -> None:
    fill(center, "a")
    whole = history.before(None, 1)

    none = history.wait(whole.newest, 0.01)
    fill(center, "b", "c")
    some = history.wait(whole.newest, 5)

    assert (bool(none.page), none.has, none.epoch) == (False, True, whole.epoch)
    assert (some.page.contents, some.has, some.is_end) == ([b"b", b"c"], True, True)
    assert not history.wait(whole.newest - 1, 5).has


def test_who_waits_reads_more_at_once_while_many_short_ones_come(
    history: RedisHistory, center: Center
) -> None:
    at = 0

    def reads(count: int) -> list[int]:
        nonlocal at
        found = []
        for _ in range(count):
            page = history.wait(at, 5).page
            at = page.last
            found.append(len(page.ids))
        return found

    for _ in range(3):
        fill(center, *["x"] * 400)
    assert reads(7) == [16, 32, 64, 128, 256, LOOKED, 304]

    for _ in range(4):
        fill(center, *["x" * 60_000] * 10)
    assert reads(1) == [40]
    fill(center, *["x" * 60_000] * 17)
    assert reads(2) == [HANDFUL, 1]


def test_nothing_is_changed_by_a_look(
    history: RedisHistory, center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push([b"a"])
    before: list[Any] = client.keys(f"*{key}*")

    history.after(0, 10)
    history.before(None, 10)
    history.wait(0, 0.001)

    after: list[Any] = client.keys(f"*{key}*")
    assert before == after


def test_without_redis_every_call_says_so(address_of_nobody: str) -> None:
    history = RedisHistory(connect(address_of_nobody, timeout=5, connections=1), "nobody")

    calls: list[Callable[[], object]] = [
        lambda: history.after(0, 1),
        lambda: history.before(None, 1),
        lambda: history.wait(0, 0.01),
    ]
    for call in calls:
        with pytest.raises(QueueUnavailable):
            call()
