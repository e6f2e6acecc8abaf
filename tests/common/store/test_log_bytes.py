"""The log is bounded in bytes (settle.lua), whoever else trims it, and after an upgrade."""

from typing import Any

import pytest
import redis

from common.message import Mark, parse_id
from tests.support.store import Center, envelope, numbered

pytestmark = pytest.mark.integration

KIB = 1024
BOUND = 1024 * KIB
PART = BOUND // 16  # A log that is trimmed has no less than the bound without this.
LARGE = b"." * (8 * KIB)


@pytest.fixture
def bounded(client: redis.Redis, key: str) -> Center:
    return Center(client, key, bytes_=BOUND)


def bytes_of(client: redis.Redis, key: str) -> int:
    """Of all entries, as they are."""
    entries: Any = client.xrange(f"{{{key}}}:log")
    return sum(32 + sum(map(len, fields.values())) for _, fields in entries)


def counted(client: redis.Redis, key: str) -> int:
    text: Any = client.get(f"{{{key}}}:bytes")
    return int(text.split()[1])


def fill(center: Center, rounds: int) -> None:
    for _ in range(rounds):
        center.queue.push([LARGE] * 20)
        center.settle_all()


def first_id(client: redis.Redis, key: str) -> int:
    entries: Any = client.xrange(f"{{{key}}}:log", count=1)
    return parse_id(entries[0][0])


def test_the_oldest_messages_go_and_the_floor_tells_it(
    bounded: Center, client: redis.Redis, key: str
) -> None:
    bounded.queue.push(numbered(10))
    bounded.settle()
    early = bounded.log.look().last

    fill(bounded, 20)

    assert BOUND - PART <= bytes_of(client, key) <= BOUND
    assert counted(client, key) == bytes_of(client, key)
    state = bounded.log.look()
    assert state.floor == first_id(client, key)
    mark = Mark(state.epoch, early)
    assert not bounded.log.read_between(mark, state.last, 1).is_whole
    assert not bounded.log.read_after(mark, 1)[1]


def test_below_the_bound_nothing_changes(bounded: Center, client: redis.Redis, key: str) -> None:
    bounded.queue.push(numbered(1000))
    bounded.settle_all()

    assert bounded.logged() == numbered(1000)
    assert counted(client, key) == bytes_of(client, key)


def test_what_counts_is_what_is_logged(bounded: Center, client: redis.Redis, key: str) -> None:
    to_some = envelope(content="\u4e2d" * 50, channels=["orders", "news"])
    bounded.queue.push([b"plain", to_some, b"\x1e{not readable", envelope(content="x" * 500)])
    bounded.settle()

    assert counted(client, key) == bytes_of(client, key)


def test_without_a_bound_bytes_are_counted_all_the_same(
    center: Center, client: redis.Redis, key: str
) -> None:
    fill(center, 10)

    assert counted(client, key) == bytes_of(client, key) > BOUND


def test_a_message_larger_than_the_bound_can_be_read_by_who_has_settled_it(
    bounded: Center, client: redis.Redis, key: str
) -> None:
    huge = b"." * (2 * BOUND)
    known = bounded.at(0)
    bounded.queue.push([b"before", huge])

    _, page = bounded.log.settle_and_read(known, 10)
    assert page.contents == [b"before", huge]
    fill(bounded, 1)
    fill(bounded, 1)

    assert bytes_of(client, key) <= BOUND


def test_a_log_of_an_older_version_is_counted_bit_by_bit_and_then_bounded(
    center: Center, client: redis.Redis, key: str
) -> None:
    log = f"{{{key}}}:log"
    for _ in range(1000):
        client.xadd(log, {"c": LARGE[:2000]})
    for at in range(5000):
        client.xadd(log, {"c": b"%d" % at, "a": "orders"})
    newest = Center(client, key, bytes_=BOUND)

    for _ in range(40):  # Each counts a thousand messages, or 32 KiB.
        newest.settle()

    assert counted(client, key) == bytes_of(client, key)
    assert BOUND - PART <= bytes_of(client, key) <= BOUND
    assert newest.logged()[-5000:] == [b"%d" % at for at in range(5000)]


def test_what_an_older_version_settles_beside_is_counted(
    bounded: Center, client: redis.Redis, key: str
) -> None:
    fill(bounded, 1)
    for _ in range(30):
        client.xadd(f"{{{key}}}:log", {"c": LARGE})
    fill(bounded, 1)

    assert counted(client, key) == bytes_of(client, key)


def test_so_much_of_an_older_version_that_it_is_counted_later(
    bounded: Center, client: redis.Redis, key: str
) -> None:
    fill(bounded, 1)
    for at in range(3000):
        client.xadd(f"{{{key}}}:log", {"c": b"%d" % at})
    for _ in range(5):
        bounded.settle()

    assert counted(client, key) == bytes_of(client, key)


@pytest.mark.parametrize("lost", ["bytes", "stretches"])
def test_a_count_that_is_gone_is_made_anew(
    bounded: Center, client: redis.Redis, key: str, lost: str
) -> None:
    fill(bounded, 8)
    client.delete(f"{{{key}}}:{lost}")

    fill(bounded, 12)
    bounded.settle()

    assert BOUND - PART <= bytes_of(client, key) <= BOUND
    assert counted(client, key) == bytes_of(client, key)


def test_what_somebody_else_trims_counts_no_more(
    bounded: Center, client: redis.Redis, key: str
) -> None:
    fill(bounded, 5)
    client.xtrim(f"{{{key}}}:log", maxlen=10, approximate=False)
    bounded.settle()

    assert bytes_of(client, key) <= counted(client, key) <= bytes_of(client, key) + 3 * 64 * KIB

    client.delete(f"{{{key}}}:log")
    fill(bounded, 1)
    assert counted(client, key) == bytes_of(client, key)


def test_a_lower_bound_holds_after_some_settles(
    center: Center, client: redis.Redis, key: str
) -> None:
    center.queue.push(numbered(20_000, 100))
    center.settle_all()
    assert bytes_of(client, key) > 2 * BOUND
    lower = Center(client, key, bytes_=BOUND)

    for _ in range(10):
        lower.settle()

    assert BOUND - PART <= bytes_of(client, key) <= BOUND
    assert lower.logged()[-1] == numbered(20_000, 100)[-1]
