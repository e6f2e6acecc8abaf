"""Connections and users of channels, with a real Valkey."""

import pytest
import redis

from common.store.keys import Keys
from common.store.listener_counts import MOST_CHANNELS, Count, RedisListenerCounts
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter

pytestmark = pytest.mark.integration


@pytest.fixture
def writers(client: redis.Redis, key: str) -> list[RedisPresenceWriter]:
    """Two processes."""
    return [RedisPresenceWriter(client, key) for _ in range(2)]


@pytest.fixture
def counts(client: redis.Redis, key: str) -> RedisListenerCounts:
    return RedisListenerCounts(client, key)


def test_nobody_listens_to_what_nobody_knows(counts: RedisListenerCounts) -> None:
    assert counts.of(["a", "b"], users=True) == [Count(0, 0), Count(0, 0)]


def test_a_user_counts_once_over_all_processes(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts
) -> None:
    writers[0].write(Changes({}, {"a": ChannelCounts(4, {"42": 2, "7": 1, "": 1})}))
    writers[1].write(
        Changes({}, {"a": ChannelCounts(2, {"42": 2}), "b": ChannelCounts(1, {"": 1})})
    )
    writers[1].write(Changes({}, {"c": ChannelCounts(2, {"5": 1, "6": 1})}))

    assert counts.of(["c", "a", "b"], users=True) == [Count(2, 2), Count(6, 2), Count(1, 0)]
    assert counts.of(["a"], users=False) == [Count(6, 0)]


def test_a_dead_process_counts_no_more(
    writers: list[RedisPresenceWriter], counts: RedisListenerCounts, client: redis.Redis, key: str
) -> None:
    for writer in writers:
        writer.write(Changes({}, {"a": ChannelCounts(1, {"42": 1})}))
    client.delete(Keys(key).alive(writers[0].process))

    assert counts.of(["a"], users=True) == [Count(1, 1)]


def test_as_many_channels_as_are_allowed_can_be_asked_for(counts: RedisListenerCounts) -> None:
    many = [f"channel-{number}" for number in range(MOST_CHANNELS)]

    assert counts.of(many, users=True) == [Count(0, 0)] * MOST_CHANNELS
