"""Connections and users of channels, with a real Valkey."""

import pytest
import redis

from common.store.keys import Keys
from common.store.listener_counts import MOST_CHANNELS, MOST_MEMBERS, Count, RedisListenerCounts
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter

pytestmark = pytest.mark.integration


@pytest.fixture
def writers(client: redis.Redis, key: str) -> list[RedisPresenceWriter]:
    """Two processes."""
    return [RedisPresenceWriter(client, key) for _ in range(2)]


@pytest.fixture
def counts(client: redis.Redis, key: str) -> RedisListenerCounts:
    return RedisListenerCounts(client, key)


def room(total: int, **members: int) -> ChannelCounts:
    """Of a channel with members."""
    return ChannelCounts(total, dict(members), dict.fromkeys(members, ""))


def test_nobody_listens_to_what_nobody_knows(counts: RedisListenerCounts) -> None:
    assert counts.of(["a", "b"]) == [Count(0, 0), Count(0, 0)]
    assert counts.members_of("a") == set()


def test_a_member_counts_once_over_all_processes(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts
) -> None:
    writers[0].write(Changes({}, {"a": room(3, x=2, y=1), "b": ChannelCounts(1, {"": 1})}))
    writers[1].write(Changes({}, {"a": room(2, x=2)}))

    assert counts.of(["b", "a"]) == [Count(1, 0), Count(5, 2)]
    assert counts.members_of("a") == {"x", "y"}


def test_who_only_listens_is_no_member(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts
) -> None:
    """Such as a page of ours whose token names a user."""
    writers[0].write(Changes({}, {"a": room(1, x=1)}))
    writers[1].write(Changes({}, {"a": ChannelCounts(1, {"42": 1})}))

    assert counts.of(["a"]) == [Count(2, 1)]
    assert counts.members_of("a") == {"x"}


def test_a_dead_process_counts_no_more(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts, client: redis.Redis, key: str
) -> None:
    for writer in writers:
        writer.write(Changes({}, {"a": room(1, x=1)}))
    client.delete(Keys(key).alive(writers[0].process))
    assert counts.of(["a"]) == [Count(1, 1)]

    client.delete(Keys(key).alive(writers[1].process))

    assert counts.of(["a"]) == [Count(0, 0)]
    assert counts.members_of("a") == set()


def test_as_many_channels_as_are_allowed_can_be_asked_for(counts: RedisListenerCounts) -> None:
    many = [f"channel-{number}" for number in range(MOST_CHANNELS)]

    assert counts.of(many) == [Count(0, 0)] * MOST_CHANNELS


def test_an_answer_has_a_bounded_number_of_members(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts
) -> None:
    for start in range(0, MOST_MEMBERS + 5000, 1000):
        some = {f"m{number}": 1 for number in range(start, start + 1000)}
        writers[0].write(Changes({}, {"a": room(start + 1000, **some)}))

    assert counts.of(["a"])[0].members == MOST_MEMBERS + 5000
    assert MOST_MEMBERS <= len(counts.members_of("a")) < MOST_MEMBERS + 2000
