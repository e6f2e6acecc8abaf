"""Pages of the log, and what is told if an id is not known."""

from typing import Any

import pytest

from common.gap_reasons import TOO_OLD, UNKNOWN
from common.json_content import JsonText
from common.message import Mark
from http_api.watching.history import MOST_LOOKS, Archive, MessagesPage
from tests.support.reads import FakeHistory

MANY = 100


@pytest.fixture
def log() -> FakeHistory:
    return FakeHistory()


@pytest.fixture
def archive(log: FakeHistory) -> Archive:
    return Archive(log)


def contents(page: MessagesPage) -> list[Any]:
    return [each["content"] for each in page.messages]


def mark(id_: int, epoch: str = "e1") -> str:
    return str(Mark(epoch, id_))


def test_where_nothing_was_ever_pushed_there_is_no_place(archive: Archive) -> None:
    assert archive.page_after(None, None, MANY) == MessagesPage([], None)
    assert archive.page_before(None, None, MANY) == MessagesPage([], None)
    assert archive.head() is None
    gap = archive.page_after("e1-1-0", None, MANY).gap
    assert gap == {"id": None, "after": "e1-1-0", "reason": UNKNOWN}


def test_a_message_is_shown_as_to_listeners_and_to_whom_it_is(
    archive: Archive, log: FakeHistory
) -> None:
    log.write("a")
    id_ = log.write("b", "orders", "user:42")

    everybody, some = archive.page_after(None, None, MANY).messages

    assert (everybody["channel"], everybody["to"]) == (None, [])
    assert some == {
        "id": mark(id_),
        "channel": "orders",
        "content": "b",
        "time": id_ >> 64,
        "to": ["orders", "user:42"],
    }


def test_json_is_shown_as_a_value_and_text_that_looks_like_it_as_text(
    archive: Archive, log: FakeHistory
) -> None:
    log.write('{"a":1.0}')
    log.write(JsonText('{"a":1.0}'))

    assert contents(archive.page_after(None, None, MANY)) == ['{"a":1.0}', {"a": 1.0}]


def test_only_what_they_get_is_shown_to_some_under_the_name_by_which_they_get_it(
    archive: Archive, log: FakeHistory
) -> None:
    log.write("all")
    log.write("both", "orders.eu", "user:42")
    log.write("other", "user:7")

    def found(*wanted: str) -> list[tuple[str, str | None]]:
        page = archive.page_after(None, frozenset(wanted), MANY)
        return [(each["content"], each["channel"]) for each in page.messages]

    assert found("user:42") == [("all", None), ("both", "user:42")]
    assert found("orders.*") == [("all", None), ("both", "orders.eu")]
    assert found("orders") == [("all", None)]
    assert found("user:7", "orders.*")[1:] == [("both", "orders.eu"), ("other", "user:7")]


def test_orders_to_throw_out_and_what_is_not_ours_are_no_messages(
    archive: Archive, log: FakeHistory
) -> None:
    log.write("", "!42")
    log.write("", "")
    log.write("a")

    assert contents(archive.page_after(None, None, MANY)) == ["a"]
    assert contents(archive.page_before(None, None, MANY)) == ["a"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("room", [1, 3, 1000])
def test_pages_in_both_directions_have_everything_once(limit: int, room: int) -> None:
    log = FakeHistory(room)
    written = [str(number) for number in range(7)]
    for text in written:
        log.write(text)
    archive = Archive(log)

    found: list[str] = []
    page = archive.page_after(None, None, limit)
    found += contents(page)
    while page.more:
        page = archive.page_after(page.next, None, limit)
        found += contents(page)
    assert found == written

    page = archive.page_before(None, None, limit)
    found = contents(page)
    while page.previous:
        page = archive.page_before(page.previous, None, limit)
        found = contents(page) + found
    assert found == written


def test_the_end_of_a_page_is_where_the_next_message_follows(
    archive: Archive, log: FakeHistory
) -> None:
    log.write("a")
    page = archive.page_before(None, None, 1)
    log.write("b")

    assert contents(archive.page_after(page.next, None, MANY)) == ["b"]


def test_one_answer_looks_at_a_bounded_number_and_says_where_to_go_on() -> None:
    log = FakeHistory(room=2)
    for _ in range(3 * MOST_LOOKS):
        log.write("others", "others")
    log.write("mine", "mine")
    archive, mine = Archive(log), frozenset({"mine"})

    page = archive.page_after(None, mine, MANY)
    assert (page.messages, page.more, page.gap) == ([], True, None)
    assert contents(archive.page_after(page.next, mine, MANY)) == ["mine"]

    log.write("mine again", "mine")
    for _ in range(3 * MOST_LOOKS):
        log.write("others", "others")
    back = archive.page_before(None, mine, 1)
    assert (back.messages, back.more) == ([], True)
    assert contents(archive.page_before(back.previous, mine, 1)) == ["mine again"]


# Ids


def test_an_id_that_is_none_is_told_and_it_goes_on_at_the_end(
    archive: Archive, log: FakeHistory
) -> None:
    id_ = log.write("a")

    page = archive.page_after("garbage", None, MANY)

    assert (page.messages, page.next) == ([], mark(id_))
    assert page.gap == {"id": mark(id_), "after": "garbage", "reason": UNKNOWN}


def test_after_an_id_that_is_too_old_it_goes_on_with_what_there_is(
    archive: Archive, log: FakeHistory
) -> None:
    old = log.write("a")
    forgotten = log.write("b")
    log.write("c")
    log.forget_upto(forgotten)

    page = archive.page_after(mark(old), None, MANY)

    assert contents(page) == ["c"]
    assert page.gap == {"id": mark(forgotten), "after": mark(old), "reason": TOO_OLD}
    assert archive.page_after(mark(forgotten), None, MANY).gap is None


def test_an_id_from_before_a_loss_goes_on_where_the_loss_began(
    archive: Archive, log: FakeHistory
) -> None:
    kept = log.write("a")
    lost = log.write("b")
    log.lose_after(kept, "e2")
    log.write("c")

    page = archive.page_after(mark(lost), None, MANY)

    assert contents(page) == ["c"]
    assert page.gap == {"id": mark(kept, "e2"), "after": mark(lost), "reason": UNKNOWN}


def test_an_id_that_nobody_gave_is_told(archive: Archive, log: FakeHistory) -> None:
    first, second = log.write("a"), log.write("b")

    between = archive.page_after(mark(first + 5), None, MANY)
    beyond = archive.page_after(mark(second + 5), None, MANY)

    assert (contents(between), (between.gap or {})["reason"]) == (["b"], UNKNOWN)
    assert (contents(beyond), (beyond.gap or {})["reason"]) == ([], UNKNOWN)


def test_the_id_right_before_a_message_is_one_that_clients_are_welcomed_with(
    archive: Archive, log: FakeHistory
) -> None:
    log.write("a")
    second = log.write("b")

    page = archive.page_after(mark(second - 1), None, MANY)

    assert (contents(page), page.gap) == (["b"], None)


def test_backwards_from_an_id_of_another_log_is_told(archive: Archive, log: FakeHistory) -> None:
    id_ = log.write("a")

    for asked in ("garbage", mark(id_, "e0")):
        gap = archive.page_before(asked, None, MANY).gap
        assert (gap or {})["reason"] == UNKNOWN


def test_backwards_it_ends_where_the_log_may_have_holes(archive: Archive, log: FakeHistory) -> None:
    first = log.write("a")
    log.write("b")
    log.floor = first + 1

    page = archive.page_before(None, None, MANY)

    assert (contents(page), page.previous) == (["b"], None)
