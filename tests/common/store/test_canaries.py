"""Canaries in a real Redis: they come back with a settle, and nobody else sees them."""

import pytest
import redis

from common.errors import QueueUnavailable
from common.page import Page
from common.store import canaries as module
from common.store.canaries import MOST_WAITING, RedisCanaries
from common.store.connect import connect
from common.store.keys import Keys
from common.store.log import RedisLog
from common.store.log_state import Retention
from tests.support.store import NOTHING, full_memory

pytestmark = pytest.mark.integration


class Flock:
    """The canaries of one process, its log, and what came back."""

    def __init__(self, client: redis.Redis, key: str) -> None:
        self.canaries = RedisCanaries(client, key, interval=1.0)
        self.log = RedisLog(client, key, Retention(100, 100), self.canaries)
        self.heard: list[bytes] = []
        self.canaries.on_page = self._note

    def settle(self) -> None:
        self.log.settle_and_read(NOTHING, 100)

    def _note(self, page: Page) -> None:
        self.heard += page.contents


@pytest.fixture
def flock(client: redis.Redis, key: str) -> Flock:
    return Flock(client, key)


def test_one_comes_back_with_the_next_settle_and_not_again(flock: Flock) -> None:
    flock.canaries.push(b"tweet")

    for _ in range(3):
        flock.settle()

    assert flock.heard == [b"tweet"]


def test_one_that_another_process_has_moved_comes_back_all_the_same(
    flock: Flock, client: redis.Redis, key: str
) -> None:
    another = Flock(client, key)
    for _ in range(3):
        flock.canaries.push(b"mine")
        another.canaries.push(b"yours")
        another.settle()

        flock.settle()

    assert flock.heard == 3 * [b"mine", b"yours"]


def test_nothing_is_asked_while_none_is_under_way(flock: Flock) -> None:
    assert flock.canaries.commands() == ()
    flock.canaries.push(b"tweet")
    assert flock.canaries.commands() != ()

    flock.canaries.rest()

    assert flock.canaries.commands() == ()


def test_while_nothing_is_settled_it_is_carried_alone(flock: Flock) -> None:
    flock.log.carry()
    flock.canaries.push(b"tweet")

    flock.log.carry()

    assert flock.heard == [b"tweet"]


def test_the_queue_the_log_and_the_counts_do_not_know_of_it(
    flock: Flock, client: redis.Redis, key: str
) -> None:
    client.lpush(key, "message")
    flock.settle()
    keys = Keys(key)
    ours = [keys.queue, keys.wip, keys.log, keys.rejected, keys.bytes, keys.stretches]
    before = [client.dump(name) for name in ours]

    flock.canaries.push(b"tweet")
    during = client.dump(keys.queue)
    flock.settle()

    assert during is None
    assert flock.heard == [b"tweet"]
    assert [client.dump(name) for name in ours] == before


def test_what_nobody_moves_and_what_nobody_reads_does_not_grow(
    flock: Flock, client: redis.Redis, key: str
) -> None:
    keys = Keys(key)
    for number in range(1, 1000):
        client.xadd(keys.canary_log, {"c": "old"}, id=f"{number}-0")
    for _ in range(MOST_WAITING + 5):
        flock.canaries.push(b"tweet")
    assert client.llen(keys.canaries) == MOST_WAITING

    flock.settle()

    assert flock.heard == MOST_WAITING * [b"tweet"]
    assert client.llen(keys.canaries) == 0
    assert client.xlen(keys.canary_log) < MOST_WAITING + 200  # Whole blocks are forgotten.


def test_more_than_are_read_at_once_come_with_the_settles_after(
    flock: Flock, client: redis.Redis, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_READ", 2)
    flock.canaries.push(b"0")
    client.lpush(Keys(key).canaries, "1", "2", "3", "4", "5")

    for _ in range(3):
        flock.settle()

    assert flock.heard == [b"0", b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize("broken", ["canaries", "canary_log"])
def test_a_key_of_another_type_harms_the_canary_alone(
    flock: Flock, client: redis.Redis, key: str, broken: str
) -> None:
    flock.canaries.push(b"tweet")
    name = getattr(Keys(key), broken)
    client.delete(name)
    client.set(name, "x")
    client.lpush(key, "message")

    settled, page = flock.log.settle_and_read(NOTHING, 100)

    assert (settled.moved, page.contents) == (1, [b"message"])
    assert flock.heard == []
    assert "WRONGTYPE" in flock.canaries.problem
    with pytest.raises(QueueUnavailable):
        flock.canaries.push(b"next")

    client.delete(name)
    flock.canaries.push(b"next")
    flock.settle()

    assert b"next" in flock.heard
    assert flock.canaries.problem == ""


def test_a_full_redis_takes_none_and_still_gives_what_it_has(
    flock: Flock, client: redis.Redis, key: str
) -> None:
    flock.canaries.push(b"tweet")
    client.lpush(key, "message")
    with full_memory(client):
        with pytest.raises(QueueUnavailable):
            RedisCanaries(client, key, 1.0).push(b"another")

        _, page = flock.log.settle_and_read(NOTHING, 100)

    assert page.contents == [b"message"]


def test_without_redis_it_is_not_taken(address_of_nobody: str) -> None:
    canaries = RedisCanaries(connect(address_of_nobody, 1.0, 1), "key", 1.0)

    with pytest.raises(QueueUnavailable):
        canaries.push(b"tweet")

    assert canaries.commands() == ()
