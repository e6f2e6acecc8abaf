"""`RedisRevocations` and its script, with a real Valkey."""

from time import time

import pytest
import redis

from common.revocation import JTI, USER, Revocation
from common.store import revocations as module
from common.store.keys import Keys
from common.store.revocations import RedisRevocations

pytestmark = pytest.mark.integration
SOON = int(time()) + 1000
TOKEN = Revocation(JTI, "a:b c", 0, SOON)
OF_USER = Revocation(USER, "42", 1000, SOON)


@pytest.fixture
def store(client: redis.Redis, key: str) -> RedisRevocations:
    return RedisRevocations(client, key)


def plain(found: list[Revocation]) -> list[Revocation]:
    return [each._replace(made=0) for each in found]


def test_what_is_added_is_listed_until_it_is_taken_back(store: RedisRevocations) -> None:
    assert store.add(OF_USER) == OF_USER
    assert store.add(TOKEN) == TOKEN
    assert plain(store.all()) == [TOKEN, OF_USER]
    assert store.all()[0].made == pytest.approx(time(), abs=5)

    assert store.remove(JTI, TOKEN.name)
    assert not store.remove(JTI, TOKEN.name)
    assert plain(store.all()) == [OF_USER]


def test_of_two_for_the_same_user_both_hold(store: RedisRevocations) -> None:
    store.add(OF_USER)

    assert store.add(OF_USER._replace(before=900, until=SOON + 5)) == OF_USER._replace(
        until=SOON + 5
    )
    assert store.add(OF_USER._replace(before=1100)) == OF_USER._replace(before=1100, until=SOON + 5)
    assert len(store.all()) == 1


def test_who_asks_again_is_told_only_of_a_change(store: RedisRevocations) -> None:
    first = store.changed_since(None)
    assert first == (b"", [])
    assert store.changed_since(b"") is None
    store.add(TOKEN)

    found = store.changed_since(b"")
    assert found is not None
    version, all_ = found
    assert plain(list(all_)) == [TOKEN]
    assert store.changed_since(version) is None
    store.remove(JTI, TOKEN.name)
    assert store.changed_since(version) is not None


def test_there_is_room_for_so_many_and_what_is_past_makes_some(
    store: RedisRevocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    past = Revocation(JTI, "past", 0, int(time()) - 10)
    for each in (past, TOKEN):
        assert store.add(each) == each
    assert plain(store.all()) == [TOKEN]

    assert store.add(OF_USER) == OF_USER
    assert store.add(TOKEN._replace(name="one more")) is None
    assert store.add(TOKEN) == TOKEN  # It is there already.


def test_it_is_one_key_of_ours(store: RedisRevocations, client: redis.Redis, key: str) -> None:
    store.add(TOKEN)

    assert client.keys(f"*{key}*") == [Keys(key).revocations.encode()]
