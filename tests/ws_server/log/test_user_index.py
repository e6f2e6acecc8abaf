"""Which messages are for which user, as the log grows at both ends of what is known."""

from hypothesis import given
from hypothesis import strategies as st

from common.message import format_id, parse_id
from common.page import Page
from ws_server.log.user_index import UserIndex

NAMES = ("user:1", "user:2", "orders")
rows = st.lists(st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple), max_size=40)


def ids(start: int, end: int) -> list[bytes]:
    return [format_id(number << 64) for number in range(start, end)]


def page(recipients: list[tuple[str, ...]], start: int, end: int) -> Page:
    return Page(ids(start + 1, end + 1), [], recipients[start:end])


@given(rows, st.integers(0, 40), st.integers(1, 7), st.integers(0, 45), st.integers(0, 45))
def test_it_has_what_the_log_has_whatever_was_read_backwards(
    recipients: list[tuple[str, ...]], first: int, step: int, after: int, upto: int
) -> None:
    first = min(first, len(recipients))
    index = UserIndex()
    index.rewind(first << 64)
    index.add(ids(first + 1, len(recipients) + 1), recipients[first:])

    start = first
    while start or not index.is_all:
        before, start = start, max(0, start - step)
        index.add_older(index.start, page(recipients, start, before), is_all=start == 0)

    for name in NAMES[:2]:
        expected = [
            id_
            for id_, names in zip(ids(1, len(recipients) + 1), recipients, strict=True)
            if name in names and after << 64 < parse_id(id_) <= upto << 64
        ]
        assert index.ids_of(name, after << 64, upto << 64) == expected
    assert index.ids_of("orders", 0, 1 << 100) == []


def test_it_is_bounded_and_knows_from_where_on_it_has_everything() -> None:
    index = UserIndex(3)
    index.add(ids(1, 6), [("user:1",), ("user:2",), ("user:1", "user:2"), (), ("user:1",)])

    assert (len(index), index.start, index.is_all) == (3, 2 << 64, True)
    assert index.ids_of("user:1", 0, 9 << 64) == [b"3-0", b"5-0"]
    assert index.ids_of("user:2", 0, 9 << 64) == [b"3-0"]


def test_what_is_older_is_not_read_for_ever() -> None:
    index = UserIndex(2)
    index.rewind(9 << 64)

    index.add_older(9 << 64, page([("user:1",)] * 9, 6, 9), is_all=False)

    assert index.is_all


def test_who_was_overtaken_adds_nothing() -> None:
    index = UserIndex()
    index.rewind(5 << 64)

    index.add_older(4 << 64, page([("user:1",)] * 4, 0, 4), is_all=True)

    assert (index.ids_of("user:1", 0, 9 << 64), index.is_all) == ([], False)
    index.add(ids(6, 7), [("user:1",)])
    index.rewind(7 << 64)
    assert (len(index), index.start) == (0, 7 << 64)
