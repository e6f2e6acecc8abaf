"""Which messages are for which user, as the log grows at both ends; with hypothesis."""

from hypothesis import given
from hypothesis import strategies as st

from common.message import parse_id
from tests.support.numbered import ids, page
from ws_server.log.user_index import UserIndex

NAMES = ("user:1", "user:2", "orders")
rows = st.lists(st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple), max_size=40)


numbers = st.integers(0, 45)


@given(rows, st.integers(0, 40), st.integers(1, 7), numbers, numbers, numbers)
def test_it_has_what_the_log_has_whatever_was_read_backwards(
    recipients: list[tuple[str, ...]], first: int, step: int, forgotten: int, after: int, upto: int
) -> None:
    first = min(first, len(recipients))
    index = UserIndex()
    index.rewind(first << 64)
    index.add(ids(first + 1, len(recipients) + 1), recipients[first:])

    start = first
    while start or not index.is_all:
        before, start = start, max(0, start - step)
        index.add_older(index.start, page(recipients, start, before), is_all=start == 0)
    assert index.reaches(0)
    index.forget_upto(forgotten << 64)
    assert index.reaches(0)

    for name in NAMES[:2]:
        expected = [
            id_
            for id_, names in zip(ids(1, len(recipients) + 1), recipients, strict=True)
            if name in names and max(after, forgotten) << 64 < parse_id(id_) <= upto << 64
        ]
        assert index.ids_of(name, after << 64, upto << 64) == expected
    assert index.ids_of("orders", 0, 1 << 100) == []
