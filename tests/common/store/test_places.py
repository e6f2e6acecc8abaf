"""`RedisPlaces` and its script, with a real Valkey."""

from collections.abc import Callable
from time import sleep
from typing import Any

import pytest
import redis

from common.errors import QueueUnavailable
from common.message import Mark
from common.store.connect import connect
from common.store.keys import Keys
from common.store.places import MOST_MOVES, Known, Move, RedisPlaces

pytestmark = pytest.mark.integration

Make = Callable[..., RedisPlaces]


@pytest.fixture
def make(client: redis.Redis, key: str) -> Make:
    def make(seconds: float = 60, **options: Any) -> RedisPlaces:
        return RedisPlaces(client, key, seconds, **options)

    return make


def at(id_: int, epoch: str = "e1") -> Mark:
    return Mark(epoch, id_ << 64)


def test_a_client_that_is_not_known_is_where_it_begins_from_then_on(make: Make) -> None:
    places = make()

    assert places.join("abc", at(5)) is None
    assert places.join("abc", at(9)) == Known(at(5), None)


def test_a_client_is_where_it_was_last_and_its_end_says_what_it_was_sent(make: Make) -> None:
    places = make()
    places.join("abc", at(5))

    places.write([Move("abc", at(7), None)])
    assert places.join("abc", at(9)) == Known(at(7), None)
    places.write([Move("abc", at(8), at(9))])
    assert places.join("abc", at(10)) == Known(at(8), at(9))
    assert places.join("abc", at(11)) == Known(at(8), None)  # It was connected again.


def test_what_an_old_connection_was_sent_is_not_taken_for_what_a_new_one_was(make: Make) -> None:
    """Elsewhere, as its end is noticed late: messages that came twice would be taken for new."""
    one, two = make(), make()
    one.join("abc", at(5))
    two.join("abc", at(5))
    one.write([Move("abc", at(5), at(6))])
    two.write([Move("abc", at(7), None)])  # And then it is killed.
    assert one.join("abc", at(10)) == Known(at(7), None)
    assert one.join("abc", at(10)) == Known(at(7), None)

    two.write([Move("abc", at(7), at(9))])  # The end of one that nobody knew of any more.
    one.write([Move("abc", at(8), at(10))])
    assert two.join("abc", at(11)) == Known(at(8), at(10))


def test_the_end_that_is_told_last_does_not_say_that_less_was_sent(make: Make) -> None:
    one, two = make(), make()
    one.join("abc", at(5))
    one.write([Move("abc", at(5), at(9))])
    two.write([Move("abc", at(5), at(6))])
    assert one.join("abc", at(10)) == Known(at(5), at(9))


def test_who_comes_back_elsewhere_before_its_end_is_told_is_taken_for_two(make: Make) -> None:
    one, two = make(), make()
    one.join("abc", at(5))
    assert two.join("abc", at(6)) == Known(at(5), None)
    two.write([Move("abc", at(5), at(7))])
    assert two.join("abc", at(8)) == Known(at(5), None)  # What the other was sent is not known.
    two.write([Move("abc", at(5), at(8))])
    assert two.join("abc", at(9)) == Known(at(5), at(8))


def test_a_place_goes_back_only_if_it_is_set(make: Make) -> None:
    places = make()
    places.write([Move("abc", at(7), None)])

    places.write([Move("abc", at(6), None)])
    assert places.join("abc", at(9)) == Known(at(7), None)
    places.write([Move("abc", at(6), None, "set")])
    assert places.join("abc", at(9)) == Known(at(6), None)


def test_who_was_not_heard_of_for_too_long_is_forgotten(
    make: Make, client: redis.Redis, key: str
) -> None:
    places = make(0.2)
    places.join("abc", at(5))
    sleep(0.1)
    places.join("other", at(5))
    sleep(0.12)

    assert places.join("abc", at(9)) is None
    assert client.hlen(Keys(key).places) == client.zcard(Keys(key).heard) == 2
    sleep(0.25)  # Without anybody, the keys go.
    assert client.exists(Keys(key).places, Keys(key).heard) == 0


def test_of_too_many_those_heard_of_last_are_kept(
    make: Make, client: redis.Redis, key: str
) -> None:
    places = make(most=3)
    for name in "abcde":
        places.join(name, at(1))
        sleep(0.002)  # Redis' clock is read in milliseconds.

    assert sorted(client.hkeys(Keys(key).places)) == [b"c", b"d", b"e"]
    assert client.zrange(Keys(key).heard, 0, -1) == [b"c", b"d", b"e"]
    places.write([Move(f"x{n}", at(1), None) for n in range(MOST_MOVES)])
    assert client.hlen(Keys(key).places) == 3


def test_users_have_places_of_their_own(make: Make, client: redis.Redis, key: str) -> None:
    make(are_users=True).join("42", at(5))

    assert make().join("42", at(9)) is None
    assert client.hkeys(Keys(key).inboxes) == client.zrange(Keys(key).heard_users, 0, -1) == [b"42"]


def test_an_outage_is_told(address_of_nobody: str) -> None:
    places = RedisPlaces(connect(address_of_nobody, 1, 1), "key", 60)

    with pytest.raises(QueueUnavailable):
        places.join("abc", at(1))
    with pytest.raises(QueueUnavailable):
        places.write([Move("abc", at(1), None)])
