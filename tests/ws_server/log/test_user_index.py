"""What the index of users keeps, and from where on; the rest is in tests/properties."""

import tracemalloc

from tests.support.numbered import ids, page
from ws_server.log.user_index import FORGOTTEN_AT_ONCE, UserIndex


def test_it_is_bounded_and_knows_from_where_on_it_has_everything() -> None:
    index = UserIndex(3)
    index.add(ids(1, 6), [("user:1",), ("user:2",), ("user:1", "user:2"), (), ("user:1",)])

    assert (len(index), index.start, index.is_all) == (3, 2 << 64, True)
    assert [index.reaches(at << 64) for at in (0, 1, 2)] == [False, False, True]
    assert index.ids_of("user:1", 0, 9 << 64) == [b"3-0", b"5-0"]
    assert index.ids_of("user:2", 0, 9 << 64) == [b"3-0"]


def test_what_is_older_is_not_read_for_ever() -> None:
    index = UserIndex(2)
    index.rewind(9 << 64)

    index.add_older(9 << 64, page([("user:1",)] * 9, 6, 9), is_all=False)

    assert index.is_all
    assert [index.reaches(at << 64) for at in (6, 7)] == [False, True]


def test_who_was_overtaken_adds_nothing() -> None:
    index = UserIndex()
    index.rewind(5 << 64)

    index.add_older(4 << 64, page([("user:1",)] * 4, 0, 4), is_all=True)

    assert (index.ids_of("user:1", 0, 9 << 64), index.is_all) == ([], False)
    index.add(ids(6, 7), [("user:1",)])
    index.rewind(7 << 64)
    assert (len(index), index.start) == (0, 7 << 64)


def test_what_the_log_has_forgotten_goes_some_of_it_each_time() -> None:
    index, count = UserIndex(), 2 * FORGOTTEN_AT_ONCE
    index.add(ids(1, count + 4), [("user:1", "user:2")] * (count + 3))

    sizes = []
    for _ in range(5):
        index.forget_upto(count << 64)
        sizes.append(len(index))

    at_first, step = 2 * (count + 3), FORGOTTEN_AT_ONCE
    assert sizes == [at_first - step, at_first - 2 * step, at_first - 3 * step, 6, 6]
    assert index.ids_of("user:1", 0, 1 << 100) == ids(count + 1, count + 4)
    assert (index.start, index.is_all, index.reaches(0)) == (count << 64, True, True)


def test_users_of_whom_nothing_is_left_take_no_memory() -> None:
    index = UserIndex()
    tracemalloc.start()
    for at in range(0, 4000, 40):
        index.add(ids(at, at + 40), [(f"user:{at}-{each}",) for each in range(40)])
        index.forget_upto((at + 40) << 64)
        if at == 400:
            early, _ = tracemalloc.get_traced_memory()
    late, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(index) == 0
    assert late < early + 2000


def test_where_there_was_no_room_there_is_no_gap_once_the_log_has_forgotten_it() -> None:
    index = UserIndex(2)
    index.add(ids(1, 6), [("user:1",)] * 5)

    index.forget_upto(2 << 64)  # It has forgotten more itself.
    assert [index.reaches(at << 64) for at in (2, 3)] == [False, True]
    index.forget_upto(3 << 64)
    assert index.reaches(0)
    assert index.ids_of("user:1", 0, 9 << 64) == ids(4, 6)


def test_no_room_for_what_the_log_has_forgotten_is_no_gap() -> None:
    count = 2 * FORGOTTEN_AT_ONCE
    index = UserIndex(count)
    index.add(ids(1, count + 1), [("user:1",)] * count)
    index.forget_upto(count << 64)  # Of which half is not gone yet.

    index.add(ids(count + 1, count + 2), [tuple(f"user:{each}" for each in range(count - 9))])

    assert (len(index), index.start, index.reaches(0)) == (count, count << 64, True)
