"""Whatever joins, leaves and fails, Redis ends up with exactly who is there; with a real Valkey."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given

from common.store.connect import connect
from common.store.presence import Members, RedisPresenceReader, RedisPresenceWriter
from config.cli.embedded import EmbeddedValkey
from tests.support.presence import (
    CHANNELS,
    USERS,
    Crowd,
    FailingPresenceWriter,
    Step,
    contents,
    steps,
)
from ws_server import presence as presence_module

pytestmark = pytest.mark.integration

EVENTS = {"expire", "sweep", "flush", "save", "go back"}


class Redis:
    """What can happen to the keys of presence."""

    def __init__(self, client: redis.Redis, key: str) -> None:
        self._client = client
        self._key = key
        self._saved: dict[bytes, Any] = {}
        self.events = {
            "expire": self.expire,
            "sweep": self.sweep,
            "flush": self.flush,
            "save": self.save,
            "go back": self.go_back,
        }

    def expire(self, but: str = "") -> None:
        for name in self._names("alive:*"):
            if not name.decode().endswith(f":{but}"):
                self._client.delete(name)

    def sweep(self) -> None:
        while RedisPresenceWriter(self._client, self._key).sweep():
            pass

    def flush(self) -> None:
        for name in self._names("*"):
            self._client.delete(name)

    def save(self) -> None:
        self._saved = {name: self._client.dump(name) for name in self._names("*")}

    def go_back(self) -> None:
        """To what was saved last, with leases that have just been renewed: the worst case."""
        self.flush()
        for name, value in self._saved.items():
            self._client.restore(name, 60_000 if b"}:alive:" in name else 0, value)

    def _names(self, kind: str) -> list[bytes]:
        names: list[Any] = self._client.keys(f"{{{self._key}}}:{kind}")
        return names


@pytest.fixture(scope="module")
def shared(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect(valkey.url, timeout=5, connections=1)
    yield client
    client.connection_pool.disconnect()


@pytest.fixture(scope="module", autouse=True)
def _small_writes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(presence_module, "MOST_CHANGES", 2)
        yield


@given(script=steps(EVENTS))
def test_redis_ends_up_with_the_truth(shared: redis.Redis, script: list[Step]) -> None:
    key = f"test-{uuid4().hex}"
    server, writer = Redis(shared, key), RedisPresenceWriter(shared, key)
    crowd = Crowd(FailingPresenceWriter(writer), server.events)
    for step in script:
        crowd.do(step)
    crowd.settle()
    server.expire(but=writer.process)  # What it has left behind under older ids.
    server.sweep()

    found = contents(shared, key)
    # With nobody there, there may be a lease or none.
    is_entered = found.pop(f"alive:{writer.process}", False)
    assert found.pop("processes", set()) == ({writer.process.encode()} if is_entered else set())
    assert found == as_keys(writer.process, crowd)
    assert is_entered or not found
    reader = RedisPresenceReader(shared, key)
    assert {user: reader.connections_of(user) for user in USERS} == dict.fromkeys(USERS, 0) | {
        **crowd.users()
    }
    for channel in CHANNELS:
        assert reader.members_of(channel) == as_members(crowd, channel)


def as_keys(process: str, crowd: Crowd) -> dict[str, Any]:
    totals = {name: sum(who.values()) for name, who in crowd.channels().items()}
    hashes = {
        f"users:{process}": crowd.users(),
        f"channels:{process}": totals,
        **{f"in:{process}:{name}": who for name, who in crowd.channels().items()},
    }
    return {name: counts for name, counts in hashes.items() if counts}


def as_members(crowd: Crowd, channel: str) -> Members:
    who = dict(crowd.channels().get(channel, {}))
    owner = channel.removeprefix("user:")
    if owner != channel and owner in crowd.users():
        who[owner] = who.get(owner, 0) + crowd.users()[owner]
    anonymous = who.pop("", 0)
    return Members(anonymous + sum(who.values()), anonymous, who, truncated=False)
