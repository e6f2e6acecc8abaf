from common.page import NOBODY, Page
from ws_server.clients.asked import asked_of


def test_only_messages_that_ask_for_it_are_counted() -> None:
    ids = [b"1-0", b"2-0", b"3-0", b"4-0"]
    asked = [b"", b"17 p", b"x p", b"18 q r"]
    names: list[tuple[str, ...]] = [(), ("a",), (), ()]

    assert asked_of(Page(ids, [b""] * 4, names, asked)) == [
        ("p", 2 << 64, ("a",), 17),
        ("q r", 4 << 64, (), 18),
    ]
    assert asked_of(Page(ids[:1], [b""], None, [b"9" * 5000 + b" p"])) == []
    assert asked_of(Page(ids[:1], [b""], [NOBODY], [b"17 p"])) == []
    assert asked_of(Page(ids, [b""] * 4)) == []
