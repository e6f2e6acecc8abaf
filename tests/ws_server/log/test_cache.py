"""What was used last is kept, and its memory counted."""

import pytest

from ws_server.log.cache import Cache, Memory


class Thing:
    """Takes ten bytes, and as many more as it grows."""

    def __init__(self) -> None:
        self.size = 10
        self.memory: Memory | None = None

    def keep_in(self, memory: Memory) -> None:
        self.memory = memory
        memory.used += self.size

    def drop_from(self, memory: Memory) -> None:
        self.memory = None
        memory.used -= self.size

    def grow(self) -> None:
        self.size += 1
        if self.memory is not None:
            self.memory.used += 1


@pytest.fixture
def cache() -> Cache[int, Thing]:
    """Full: it has 1, 2 and 3."""
    cache = Cache[int, Thing](3)
    for key in (1, 2, 3):
        cache.put(key, Thing())
    return cache


def test_the_one_that_was_not_used_for_longest_goes_first(cache: Cache[int, Thing]) -> None:
    cache.get(1)

    cache.put(4, Thing())

    assert list(cache.by_key) == [3, 1, 4]
    assert cache.get(2) is None


def test_the_newer_of_two_with_one_key_is_kept(cache: Cache[int, Thing]) -> None:
    newer = Thing()

    cache.put(2, newer)

    assert cache.get(2) is newer
    assert (len(cache), cache.memory.used) == (3, 30)


def test_what_grows_while_it_is_kept_is_counted_and_taken_off_again(
    cache: Cache[int, Thing],
) -> None:
    some = cache.get(2)
    assert some is not None

    some.grow()
    assert cache.memory.used == 31
    cache.forget(2)
    some.grow()
    assert cache.memory.used == 20


def test_nothing_is_left_of_what_is_forgotten(cache: Cache[int, Thing]) -> None:
    cache.forget_oldest()
    assert list(cache.by_key) == [2, 3]
    cache.forget(7)  # Not there: harmless.

    cache.clear()

    assert (len(cache), cache.memory.used) == (0, 0)
