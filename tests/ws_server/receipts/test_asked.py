from common.metrics.numbers import Buckets
from common.page import NOBODY, Page
from ws_server.receipts.asked import Asked, asked_of, note_times


def test_only_messages_that_ask_for_it_are_counted() -> None:
    ids = [b"1-0", b"2-0", b"3-0", b"4-0"]
    asked = [b"", b"17", b"17", b"18"]
    names: list[tuple[str, ...]] = [(), ("a",), (), NOBODY]

    page = Page(ids, [b""] * 4, names, asked)
    assert asked_of(page) == Asked([b"3-0"], [(2 << 64, ("a",))], {b"17": 2, b"18": 1})


def test_of_messages_for_everybody_only_the_ids_are_taken() -> None:
    ids = [b"1-0", b"1-1", b"1-2"]
    for asked, found in (([b"17"] * 3, ids), ([b"", b"17", b"17"], ids[1:])):
        assert asked_of(Page(ids, [b""] * 3, None, asked)) == Asked(found, (), {b"17": len(found)})


def test_of_a_page_without_any_nothing_is_counted() -> None:
    for asked in (None, [b""]):
        assert asked_of(Page([b"1-0"], [b"x"], None, asked)) == Asked([], (), {})


def test_a_time_that_is_none_is_not_noted() -> None:
    buckets = Buckets("push_to_written_seconds")
    note_times(buckets, {b"1000": 2, b"9000": 1, b"soon": 1, b"1" * 17: 1}, 3.0)

    assert (sum(buckets.counts), buckets.total) == (3, 4.0)
