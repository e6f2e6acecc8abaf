"""Which messages of the log are whose, and what is shown of one."""

from common.message import Mark, format_id
from common.page import NOBODY, Page
from http_api.watching.stretch import Stretch, messages_of

KICK = ("!42",)


def stretch_of(names: list[tuple[str, ...]] | None, count: int) -> Stretch:
    ids = [format_id(number << 64) for number in range(1, count + 1)]
    page = Page(ids, [b"%d" % number for number in range(count)], names)
    return Stretch(Mark("e1", 0), Mark("e1", count << 64), page)


def test_where_all_is_for_everybody_all_get_all() -> None:
    stretch = stretch_of(None, 3)

    assert list(stretch.places(None)) == [0, 1, 2]
    assert list(stretch.places(frozenset({"orders"}))) == [0, 1, 2]
    assert list(stretch_of(None, 0).places(None)) == []


def test_after_an_id_come_the_later_ones() -> None:
    names: list[tuple[str, ...]] = [("orders",), (), ("others",), ("orders",)]
    stretch = stretch_of(names, 4)

    assert list(stretch.places(None, 2 << 64)) == [2, 3]
    assert list(stretch.places(frozenset({"orders"}), 1 << 64)) == [1, 3]
    assert list(stretch.places(frozenset({"orders"}), 4 << 64)) == []
    assert stretch.id_at(3) == "e1-4-0"


def test_an_event_is_written_once_for_all_to_whom_it_is_the_same() -> None:
    stretch = stretch_of([(), ("orders", "user:42")], 2)
    orders, user = frozenset({"orders"}), frozenset({"user:42"})

    assert stretch.event(0, user) is stretch.event(0, None)
    assert stretch.event(1, None) is stretch.event(1, None)
    assert b'"channel":"user:42"' in stretch.event(1, user)
    assert b'"channel":"orders"' in stretch.event(1, orders)
    assert stretch.event(1, None).startswith(b"id: e1-2-0\ndata: {")


def test_a_message_is_shown_under_the_name_by_which_they_get_it() -> None:
    stretch = stretch_of([("orders.eu", "user:42")], 1)
    message = stretch.at(0)

    assert message.shown("e1", frozenset({"user:42"})) == {
        "id": "e1-1-0",
        "channel": "user:42",
        "content": "0",
        "time": 1,
        "to": ["orders.eu", "user:42"],
    }
    assert message.channel_for(None) == "orders.eu"


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    page = Page([b"1-0"], [b"\xff"])

    (message,) = messages_of(page, 0)

    assert message.content == "\ufffd"


def test_what_may_have_holes_is_left_out() -> None:
    page = stretch_of([(), NOBODY, KICK, ("orders",)], 4).page

    assert [message.content for message in messages_of(page, 0)] == ["0", "3"]
    assert [message.content for message in messages_of(page, 2 << 64)] == ["3"]


def test_an_event_and_who_did_not_get_it_are_shown() -> None:
    ids = [b"1-0", b"2-0"]
    page = Page(ids, [b"x", b"y"], events=[b"made", b""], excepts=[b"1.2", b""])

    first, second = (message.shown("e", None) for message in messages_of(page, 0))

    assert (first["event"], first["except"]) == ("made", "1.2")
    assert not {"event", "except"} & set(second)
