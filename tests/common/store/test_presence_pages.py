"""Pages of all users and channels, with a real Valkey."""

from typing import Any

import pytest
import redis

from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from common.store.presence_pages import CHANNELS, USERS, NamesPage, RedisPresencePages

pytestmark = pytest.mark.integration


@pytest.fixture
def writers(client: redis.Redis, key: str) -> list[RedisPresenceWriter]:
    """Two processes."""
    return [RedisPresenceWriter(client, key) for _ in range(2)]


@pytest.fixture
def pages(client: redis.Redis, key: str) -> RedisPresencePages:
    return RedisPresencePages(client, key)


def everything(pages: RedisPresencePages, kind: str, limit: int, prefix: str = "") -> list[str]:
    names: list[str] = []
    while True:
        page = pages.page(kind, names[-1] if names else "", prefix, limit)
        assert len(page.connections) <= limit
        names += page.connections
        if page.is_last:
            return names


def test_nobody_is_one_empty_page(pages: RedisPresencePages) -> None:
    assert pages.page(USERS, "", "", 10) == NamesPage({}, is_last=True)


def test_connections_are_of_all_processes(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages
) -> None:
    writers[0].write(Changes({"42": 2, "a": 1}, {"orders": ChannelCounts(3, {"42": 2, "": 1})}))
    writers[1].write(Changes({"42": 1}, {"orders.*": ChannelCounts(1, {"": 1})}))

    assert pages.page(USERS, "", "", 10).connections == {"42": 3, "a": 1}
    assert pages.page(CHANNELS, "", "", 10).connections == {"orders": 3, "orders.*": 1}


def test_who_is_gone_is_not_listed(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages
) -> None:
    writers[0].write(Changes({"42": 1, "7": 1}, {"orders": ChannelCounts(1, {"42": 1})}))
    writers[0].write(Changes({"42": 0}, {"orders": ChannelCounts(0, {})}))

    assert pages.page(USERS, "", "", 10).connections == {"7": 1}
    assert pages.page(CHANNELS, "", "", 10).connections == {}


def test_a_dead_process_counts_no_more_and_is_swept_away(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages, client: redis.Redis, key: str
) -> None:
    writers[0].write(Changes({"42": 1}))
    writers[1].write(Changes({"42": 1}))
    client.delete(f"{{{key}}}:alive:{writers[0].process}")
    assert pages.page(USERS, "", "", 10).connections == {"42": 1}

    writers[1].sweep()

    left: list[Any] = client.keys(f"{{{key}}}:*{writers[0].process}*")
    assert left == []


def test_names_are_sorted_by_their_bytes_over_all_pages(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages
) -> None:
    names = ["B", "a", "Z", "-", "z.9", "z.10", "_", "@", "10", "9", "A.a", "A-a", "A:a"]
    writers[0].write(Changes(dict.fromkeys(names[::2], 1)))
    writers[1].write(Changes(dict.fromkeys(names[1::2] + names[:3], 1)))

    for limit in (1, 2, 5, 100):
        assert everything(pages, USERS, limit) == sorted(names)


def test_a_prefix_lists_only_names_that_begin_so(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages
) -> None:
    names = ["order", "orders", "orders.a", "orders.b", "orders0", "p"]
    writers[0].write(Changes({}, {name: ChannelCounts(1, {"": 1}) for name in names}))

    assert everything(pages, CHANNELS, 1, "orders.") == ["orders.a", "orders.b"]
    assert everything(pages, CHANNELS, 2, "orders") == ["orders", "orders.a", "orders.b", "orders0"]
    assert everything(pages, CHANNELS, 2, "q") == []


def test_a_place_before_the_prefix_is_no_way_around_it(
    writers: list[RedisPresenceWriter], pages: RedisPresencePages
) -> None:
    writers[0].write(Changes({"a": 1, "b": 1, "c": 1}))

    assert pages.page(USERS, "a", "b", 10).connections == {"b": 1}
    assert pages.page(USERS, "c", "b", 10).connections == {}
