"""`/readyz` agrees with `/push`, and leaves nothing; with a real server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from time import monotonic
from typing import Any

import pytest
import redis
from flask.testing import FlaskClient
from gevent.event import Event

from common.errors import QueueUnavailable
from common.refused import Refused
from common.serving.siblings import STUCK, Siblings
from common.store.connect import connect
from common.store.presence import RedisPresenceReader
from common.store.queue import RedisQueue
from config.cli.embedded import EmbeddedValkey
from config.settings import Settings
from http_api import readiness as module
from http_api.app import create_app
from http_api.readiness import FRESH, Readiness
from tests.support.fakes import FakeClock, FakeQueue

Break = Callable[[Any, str], object]


@pytest.fixture
def http(valkey: EmbeddedValkey, client: redis.Redis, key: str) -> Iterator[FlaskClient]:
    """An API that speaks to Redis as the user `key`; its readiness is found out each time."""
    client.acl_setuser(key, reset=True, enabled=True, nopass=True, keys=["*"], commands=["+@all"])
    clock = FakeClock()
    with closing(connect(valkey.url.replace("//", f"//{key}:x@"), 5, 4)) as own:
        queue, presence = RedisQueue(own, key), RedisPresenceReader(own, key)
        app = create_app(Settings(), queue, presence, clock)
        app.before_request(lambda: setattr(clock, "now", clock.now + FRESH))
        yield app.test_client()
    client.acl_deluser(key)


def acl(client: Any, key: str, *rules: str) -> None:
    client.execute_command("ACL", "SETUSER", key, *rules)


FAULTS: dict[str, tuple[Break, Break]] = {
    "no right to push": (
        lambda client, key: acl(client, key, "-lpush"),
        lambda client, key: acl(client, key, "+lpush"),
    ),
    "no right to the queue": (
        lambda client, key: acl(client, key, "resetkeys", "~another"),
        lambda client, key: acl(client, key, "~*"),
    ),
    "it may only read": (
        lambda client, key: acl(client, key, "-@all", "+@read", "+@connection"),
        lambda client, key: acl(client, key, "+@all"),
    ),
    "full": (
        lambda client, _: client.config_set("maxmemory", 1),
        lambda client, _: client.config_set("maxmemory", 0),
    ),
    "too few replicas": (
        lambda client, _: client.config_set("min-replicas-to-write", 1),
        lambda client, _: client.config_set("min-replicas-to-write", 0),
    ),
    "a replica": (
        lambda client, _: client.replicaof("127.0.0.1", 1),
        lambda client, _: client.replicaof("NO", "ONE"),
    ),
    "another type": (
        lambda client, key: client.set(key, "x"),
        lambda client, key: client.delete(key),
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_ready_if_and_only_if_a_push_would_be_taken(
    http: FlaskClient, client: redis.Redis, key: str, fault: str
) -> None:
    broken, mended = FAULTS[fault]
    assert http.get("/readyz").status_code == 200

    broken(client, key)
    try:
        assert http.get("/push?content=a").status_code == 503
        assert http.get("/readyz").status_code == 503
    finally:
        mended(client, key)

    assert http.get("/readyz").status_code == 200
    assert client.keys(f"*{key}*") == []
    assert http.get("/push?content=a").status_code == 200


@pytest.mark.integration
@pytest.mark.parametrize("right", ["multi", "discard", "llen"])
def test_without_the_right_to_ask_it_is_not_ready_and_leaves_nothing_all_the_same(
    http: FlaskClient, client: redis.Redis, key: str, right: str
) -> None:
    acl(client, key, f"-{right}")

    for _ in range(3):
        assert http.get("/readyz").status_code == 503

    assert client.keys(f"*{key}*") == []


@pytest.mark.integration
def test_what_waits_stays_as_it_is(http: FlaskClient, client: redis.Redis, key: str) -> None:
    http.get("/push?content=a")

    assert http.get("/readyz").status_code == 200
    assert client.lrange(key, 0, -1) == [b"a"]


def test_redis_is_asked_once_a_second_however_many_ask() -> None:
    queue, clock = FakeQueue(), FakeClock()
    asked: list[float] = []

    def check() -> None:
        asked.append(clock.now)
        FakeQueue.check(queue)

    queue.check = check  # type: ignore[method-assign]
    readiness = Readiness(queue, clock)
    for _ in range(3):
        readiness.check()
    queue.fault = QueueUnavailable("gone")
    readiness.check()
    clock.now += FRESH

    for _ in range(3):
        with pytest.raises(QueueUnavailable, match="gone"):
            readiness.check()

    assert len(asked) == 2


def test_another_worker_that_stands_still_makes_it_not_ready() -> None:
    siblings, readiness = Siblings(2), Readiness(FakeQueue(), FakeClock())
    readiness.seat, stuck = siblings.reserve(), siblings.reserve()
    stuck.turn(monotonic() - STUCK - 1)

    with pytest.raises(Refused, match="has stood still for 6 s"):
        readiness.check()

    stuck.turn(monotonic())
    readiness.check()


def test_it_does_not_wait_for_redis_as_long_as_a_push_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST", 0.01)
    queue = FakeQueue()
    queue.check = lambda: Event().wait()  # type: ignore[assignment, method-assign]

    with pytest.raises(QueueUnavailable, match="it does not answer"):
        Readiness(queue, FakeClock()).check()
