"""What webhooks tell, and which process sends it: with a real Valkey."""

import json
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from common.store.webhooks import Note, RedisWebhooks
from tests.support.processes import wait_until

pytestmark = pytest.mark.integration

APPS = ("1", "2")
ROOM = "presence-a"
ONE_IN = ChannelCounts(1, {"": 1})
GONE = ChannelCounts(0, {"": 0})


@pytest.fixture
def first(client: redis.Redis, key: str) -> RedisWebhooks:
    return RedisWebhooks(client, key, APPS)


@pytest.fixture
def second(client: redis.Redis, key: str) -> RedisWebhooks:
    return RedisWebhooks(client, key, APPS)


def presence(client: redis.Redis, key: str, lease: float = 6.0) -> RedisPresenceWriter:
    return RedisPresenceWriter(client, key, lease, has_webhooks=True)


def told(webhooks: RedisWebhooks, app: str = "1") -> list[Any]:
    """All that waits, which is taken."""
    unsent = webhooks.read(app, 1000)
    assert unsent is not None
    assert not unsent.dropped
    if unsent.notes:
        assert webhooks.move(app, unsent.notes[-1].place)
    return [(each.name, each.channel, *_more(each.more)) for each in unsent.notes]


def _more(text: bytes) -> tuple[Any, ...]:
    return (json.loads(text),) if text else ()


def test_a_message_is_queued_with_what_is_told_of_it(
    client: redis.Redis, key: str, first: RedisWebhooks
) -> None:
    first.push([b"a", b"b"], [Note("client_event", "x", {"data": 'é"\ud800'})])
    first.push([], [Note("cache_miss", "y")])

    assert client.lrange(key, 0, -1) == [b"b", b"a"]
    assert told(first) == [("client_event", "x", {"data": 'é"?'}), ("cache_miss", "y")]
    assert told(first) == []


def test_one_process_sends_until_it_leaves(first: RedisWebhooks, second: RedisWebhooks) -> None:
    first.push([], [Note("cache_miss", "a")])
    assert first.read("1", 1) is not None
    assert second.read("1", 1) is None
    second.leave()
    assert first.read("1", 1) is not None

    first.leave()
    assert told(second) == [("cache_miss", "a")]
    assert first.read("1", 1) is None


def test_who_says_nothing_is_replaced_and_cannot_move_the_place(
    client: redis.Redis, key: str, second: RedisWebhooks
) -> None:
    first = RedisWebhooks(client, key, APPS, lease=0.05)
    first.push([], [Note("cache_miss", "a"), Note("cache_miss", "b")])
    late = first.read("1", 10)
    assert late is not None
    wait_until(lambda: second.read("1", 1) is not None, "the lease ends")

    assert not first.move("1", late.notes[-1].place)
    assert told(second) == [("cache_miss", "a"), ("cache_miss", "b")]


def test_a_place_does_not_go_back(first: RedisWebhooks) -> None:
    first.push([], [Note("cache_miss", "a"), Note("cache_miss", "b")])
    unsent = first.read("1", 10)
    assert unsent is not None
    for note in reversed(unsent.notes):
        assert first.move("1", note.place)

    assert told(first) == []


def test_what_all_have_got_is_removed(client: redis.Redis, key: str, first: RedisWebhooks) -> None:
    first.push([], [Note("cache_miss", str(each)) for each in range(3)])
    unsent = first.read("2", 10)
    assert unsent is not None
    first.move("2", unsent.notes[0].place)
    assert client.xlen(f"{{{key}}}:webhooks") == 3  # The first application has got nothing.

    assert len(told(first, "1")) == 3
    assert client.xlen(f"{{{key}}}:webhooks") == 2
    assert len(told(first, "2")) == 2
    assert client.xlen(f"{{{key}}}:webhooks") == 0
    assert told(first, "1") == told(first, "2") == []


def test_what_was_dropped_is_told(client: redis.Redis, key: str, first: RedisWebhooks) -> None:
    first.push([], [Note("cache_miss", "a")])
    told(first)
    first.push([], [Note("cache_miss", "b"), Note("cache_miss", "c")])
    client.xtrim(f"{{{key}}}:webhooks", maxlen=1, approximate=False)

    unsent = first.read("1", 10)
    assert unsent is not None
    assert unsent.dropped == 2  # Also the first, of which the other application was not told.
    assert [each.channel for each in unsent.notes] == ["c"]
    assert told(first) == [("cache_miss", "c")]


def test_what_waits_is_bounded_in_bytes_and_what_was_sent_does_not_count(
    client: redis.Redis, key: str
) -> None:
    webhooks = RedisWebhooks(client, key, ("1",), most_bytes=1000)
    note = Note("client_event", "x", {"data": "x" * 88})  # 100 bytes.
    for _ in range(5):
        webhooks.push([], [note] * 9)
        assert len(told(webhooks)) == 9
    webhooks.push([], [note] * 9)
    webhooks.push([], [note] * 3)

    unsent = webhooks.read("1", 100)
    assert unsent is not None
    assert (len(unsent.notes), unsent.dropped) == (6, 6)
    webhooks.push([], [note] * 4)
    unsent = webhooks.read("1", 100)
    assert unsent is not None
    assert (len(unsent.notes), unsent.dropped) == (10, 0)


def test_what_waits_is_bounded_in_number(
    client: redis.Redis, key: str, first: RedisWebhooks
) -> None:
    for _ in range(21):
        first.push([], [Note("cache_miss", "a")] * 5000)

    assert 100_000 <= client.xlen(f"{{{key}}}:webhooks") < 101_000


def test_a_channel_is_occupied_and_vacated_once_over_all_processes(
    client: redis.Redis, key: str, first: RedisWebhooks
) -> None:
    one, other = presence(client, key), presence(client, key)
    for _ in range(2):
        one.write(Changes({}, {"news": ONE_IN, "news.*": ONE_IN}))
        other.write(Changes({}, {"news": ChannelCounts(2, {"": 2})}))
    assert told(first) == [("channel_occupied", "news")]

    for _ in range(2):
        one.write(Changes({}, {"news": GONE, "news.*": GONE}))
    assert told(first) == []
    for _ in range(2):
        other.write(Changes({}, {"news": GONE, "never": GONE}))
    assert told(first) == [("channel_vacated", "news")]


def test_members_come_after_their_channel_and_go_before_it(
    client: redis.Redis, key: str, first: RedisWebhooks
) -> None:
    one, other = presence(client, key), presence(client, key)
    member = Changes({}, {ROOM: ChannelCounts(1, {"é": 1}, {"é": '{"a":1}'})})
    for writer in (one, other):
        writer.write(member)
    assert told(first) == [
        ("channel_occupied", ROOM),
        ("member_added", ROOM, {"user_id": "é"}),
    ]

    for writer in (one, other):
        writer.write(Changes({}, {ROOM: ChannelCounts(0, {}, {})}))
    assert told(first) == [
        ("member_removed", ROOM, {"user_id": "é"}),
        ("channel_vacated", ROOM),
    ]


def test_what_a_dead_process_had_is_vacated_when_it_is_swept(
    client: redis.Redis, key: str, first: RedisWebhooks
) -> None:
    dead, other = presence(client, key, 0.05), presence(client, key)
    member = ChannelCounts(1, {"1": 1}, {"1": ""})
    dead.write(Changes({}, {"news": ONE_IN, "orders": ONE_IN, ROOM: member}))
    told(first)
    wait_until(lambda: not client.exists(f"{{{key}}}:alive:{dead.process}"), "the lease ends")
    other.write(Changes({}, {"news": ONE_IN}))
    other.sweep()

    assert sorted(told(first)) == [
        ("channel_vacated", "orders"),
        ("channel_vacated", ROOM),
        ("member_removed", ROOM, {"user_id": "1"}),
    ]


def test_without_webhooks_nothing_is_noted(client: redis.Redis, key: str) -> None:
    writer = RedisPresenceWriter(client, key)
    writer.write(Changes({}, {"news": ONE_IN}))
    writer.write(Changes({}, {"news": GONE}))

    assert not client.exists(f"{{{key}}}:webhooks")


def test_if_redis_is_away_that_is_said(key: str) -> None:
    webhooks = RedisWebhooks(connect("redis://127.0.0.1:1/0", 0.1, 1, key), key, APPS)

    with pytest.raises(QueueUnavailable):
        webhooks.read("1", 1)
