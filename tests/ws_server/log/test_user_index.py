"""What the index of users keeps, and from where on; the rest is in tests/properties."""

from tests.support.numbered import ids, page
from ws_server.log.user_index import UserIndex


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
