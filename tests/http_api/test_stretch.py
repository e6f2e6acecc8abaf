"""Which messages of the log are whose, and what is shown of one."""

from common.message import Mark, format_id
from common.page import NOBODY, Page
from http_api.stretch import Stretch, messages_of

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
