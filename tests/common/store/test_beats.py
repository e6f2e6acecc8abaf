"""What processes say of themselves, in a real Valkey."""

from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.message import Message
from common.store import beats as module
from common.store.beats import BEAT_LASTS, RedisBeats
from common.store.connect import connect
from common.store.presence import Changes, ChannelCounts, RedisPresenceWriter
from common.store.pulse import EVERY
from tests.support.store import Center

pytestmark = pytest.mark.integration


@pytest.fixture
def beats(client: redis.Redis, key: str) -> RedisBeats:
    return RedisBeats(client, key)


def test_an_empty_center_is_known_as_such(beats: RedisBeats) -> None:
    whole = beats.read()

    assert (whole.sample.waiting, whole.sample.added, whole.log_length) == (0, None, 0)
    assert (whole.first, whole.last, whole.epoch, whole.beats) == (0, 0, "", [])


def test_what_a_process_said_last_is_read(beats: RedisBeats) -> None:
    beats.beat("a", {"kind": "ws", "behind": 1})
    beats.beat("a", {"kind": "ws", "behind": 2})
    beats.beat("b", {"kind": "http"})

    found = {each.process: each.said for each in beats.read().beats}

    assert found == {"a": {"kind": "ws", "behind": 2}, "b": {"kind": "http"}}
    assert all(each.age < 5 for each in beats.read().beats)


def test_a_process_that_leaves_is_gone_at_once(beats: RedisBeats) -> None:
    beats.beat("a", {})
    beats.leave("a")

    assert beats.read().beats == []


def test_a_process_that_was_killed_is_gone_soon_and_forgotten(
    beats: RedisBeats, client: redis.Redis, key: str
) -> None:
    client.hset(f"{{{key}}}:beats", mapping={"dead": '1000 {"kind":"ws"}', "odd": "nonsense"})
    assert beats.read().beats == []

    beats.beat("a", {})

    fields: list[Any] = client.hkeys(f"{{{key}}}:beats")
    assert fields == [b"a"]
    assert 0 < client.pttl(f"{{{key}}}:beats") <= BEAT_LASTS * 1000
    assert 3 * EVERY < BEAT_LASTS  # Two may fail.


def test_there_is_room_for_a_bounded_number_of_processes(
    beats: RedisBeats, client: redis.Redis, key: str
) -> None:
    beats.beat("a", {"turn": 1})
    now = client.time()[0]
    others: Any = {f"p{number}": f"{now}000 {{}}" for number in range(999)}
    client.hset(f"{{{key}}}:beats", mapping=others)

    beats.beat("late", {})
    beats.beat("a", {"turn": 2})

    found = {each.process: each.said for each in beats.read().beats}
    assert "late" not in found
    assert found["a"] == {"turn": 2}


def test_queue_and_log_are_counted(beats: RedisBeats, center: Center) -> None:
    center.queue.push([b"1", b"2", b"3"])
    center.settle()
    center.queue.push([b"4", Message("5", ("orders",)).to_item()])

    sample, whole = beats.beat("a", {}), beats.read()

    assert (sample.added, sample.waiting) == (3, 2)
    assert (whole.sample.added, whole.sample.waiting, whole.log_length) == (3, 2, 3)
    assert 0 < whole.first < whole.last
    assert whole.log_bytes == 3 * 33
    assert whole.epoch


def test_users_at_two_processes_count_once(
    beats: RedisBeats, client: redis.Redis, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = RedisPresenceWriter(client, key), RedisPresenceWriter(client, key)
    one.write(Changes({"42": 1, "7": 1}, {"orders": ChannelCounts(1, {"": 1})}))
    assert (beats.read().users, beats.read().channels) == (2, 1)

    other.write(Changes({"42": 1, "8": 1}, {"orders": ChannelCounts(1, {"": 1})}))
    whole = beats.read()
    assert (whole.users, whole.channels, whole.is_exact) == (3, 1, True)

    monkeypatch.setattr(module, "MOST_COMPARED", 3)
    whole = beats.read()
    assert (whole.users, whole.channels, whole.is_exact) == (4, 1, False)


def test_the_server_says_what_it_is(beats: RedisBeats) -> None:
    assert beats.server_version().startswith("Valkey ")
    assert 0 < beats.round_trip() < 5


def test_without_redis_every_call_says_so(address_of_nobody: str) -> None:
    beats = RedisBeats(connect(address_of_nobody, timeout=5, connections=1), "nobody")

    for call in (
        lambda: beats.beat("a", {}),
        lambda: beats.leave("a"),
        beats.read,
        beats.round_trip,
    ):
        with pytest.raises(QueueUnavailable):
            call()
    assert beats.server_version() == ""
