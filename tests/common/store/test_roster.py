"""Who is a member of a channel, and what is told of those who come and go: with a real Valkey."""

import json
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.store.connect import connect
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from common.store.roster import RedisRosterReader
from tests.support.processes import wait_until

pytestmark = pytest.mark.integration

ROOM = "presence-a"
ITEM = b"item"


def room(users: dict[str, int], infos: dict[str, str] | None = None, total: int = 1) -> Changes:
    """What one process writes: the numbers of members, and what is told of those who are there."""
    return Changes({}, {ROOM: ChannelCounts(total, users, infos or {})})


class Told:
    """What is queued, in its order."""

    def __init__(self, client: redis.Redis, key: str) -> None:
        self._client = client
        self._key = key

    def __call__(self) -> list[tuple[str, Any]]:
        items: list[Any] = self._client.lrange(self._key, 0, -1)
        self._client.delete(self._key)
        envelopes = [json.loads(item[1:]) for item in reversed(items) if item != ITEM]
        assert {each["channel"] for each in envelopes} <= {f"members:{ROOM}"}
        return [(each["event"], json.loads(each["content"])) for each in envelopes]


@pytest.fixture
def told(client: redis.Redis, key: str) -> Told:
    return Told(client, key)


@pytest.fixture
def first(client: redis.Redis, key: str) -> RedisPresenceWriter:
    return RedisPresenceWriter(client, key)


@pytest.fixture
def second(client: redis.Redis, key: str) -> RedisPresenceWriter:
    return RedisPresenceWriter(client, key)


def test_a_member_comes_once_over_all_processes(
    first: RedisPresenceWriter, second: RedisPresenceWriter, told: Told
) -> None:
    first.write(room({"é/1": 1}, {"é/1": '{"name":"x"}'}))
    first.write(room({"é/1": 2}, {"é/1": '{"name":"y"}'}, 2))
    second.write(room({"é/1": 1}, {"é/1": ""}))

    assert told() == [("joined", {"user_id": "é/1", "user_info": {"name": "x"}})]


def test_a_member_goes_with_its_last_connection(
    first: RedisPresenceWriter, second: RedisPresenceWriter, told: Told
) -> None:
    for writer in (first, second):
        writer.write(room({"1": 1, "2": 1}, {"1": "", "2": ""}, 2))
    assert told() == [("joined", {"user_id": "1"}), ("joined", {"user_id": "2"})]

    first.write(room({"1": 0}))
    second.write(room({}, total=0))
    assert told() == [("left", {"user_id": "1"})]
    first.write(room({}, total=0))

    assert told() == [("left", {"user_id": "2"})]


def test_a_member_whose_id_is_a_number_is_told_as_one(
    first: RedisPresenceWriter, told: Told
) -> None:
    users = {"9007199254740993": '#{"name":"x"}', "2": "#"}
    first.write(room(dict.fromkeys(users, 1), users, 2))
    first.write(room({}, total=0))

    big = 9007199254740993
    events = told()
    assert sorted(events, key=str) == [
        ("joined", {"user_id": 2}),
        ("joined", {"user_id": big, "user_info": {"name": "x"}}),
        ("left", {"user_id": 2}),
        ("left", {"user_id": big}),
    ]


def test_who_comes_to_a_channel_without_members_is_not_told(
    first: RedisPresenceWriter, told: Told
) -> None:
    first.write(Changes({}, {"news": ChannelCounts(1, {"42": 1})}))
    first.write(Changes({}, {"news": ChannelCounts(0, {"42": 0})}))

    assert told() == []


def test_a_write_that_is_done_twice_tells_once(first: RedisPresenceWriter, told: Told) -> None:
    for _ in range(2):
        first.write(room({"1": 1}, {"1": ""}))
    for _ in range(2):
        first.write(room({}, total=0))

    assert told() == [("joined", {"user_id": "1"}), ("left", {"user_id": "1"})]


def test_members_of_a_process_that_died_have_some_time_to_come_back(
    client: redis.Redis, key: str, second: RedisPresenceWriter, told: Told
) -> None:
    first = RedisPresenceWriter(client, key, lease=0.05)
    first.write(room({"1": 1, "2": 1}, {"1": "", "2": ""}, 2))
    told()
    wait_until(lambda: not client.exists(f"{{{key}}}:alive:{first.process}"), "the lease ends")

    second.write(room({"1": 1}, {"1": ""}))
    assert told() == []
    second.sweep()
    second.sweep()

    assert told() == [("left", {"user_id": "2"})]


def test_who_is_there_is_read_with_an_item_behind_it(
    client: redis.Redis, key: str, first: RedisPresenceWriter
) -> None:
    reader = RedisRosterReader(client, key)
    assert reader.read(ROOM, ITEM) == {}
    first.write(room({"1": 1, "é": 1}, {"1": "", "é": '{"a":1}'}, 2))

    assert reader.read(ROOM, ITEM) == {"1": "", "é": '{"a":1}'}
    items: list[Any] = client.lrange(key, 0, -1)
    assert [item == ITEM for item in items] == [True, False, False, True]


def test_if_redis_is_away_that_is_said(key: str) -> None:
    client = connect("redis://127.0.0.1:1/0", 0.1, 1, key)

    with pytest.raises(QueueUnavailable):
        RedisRosterReader(client, key).read(ROOM, ITEM)


def test_members_of_a_process_that_stops_count_a_little_longer(
    client: redis.Redis,
    key: str,
    first: RedisPresenceWriter,
    second: RedisPresenceWriter,
    told: Told,
) -> None:
    first.write(room({"1": 1}, {"1": ""}))
    told()

    first.linger(0.05)
    second.sweep()
    assert told() == []
    wait_until(lambda: not client.exists(f"{{{key}}}:alive:{first.process}"), "the lease ends")
    second.sweep()

    assert told() == [("left", {"user_id": "1"})]
