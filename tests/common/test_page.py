"""From entries to a page, ours as they are and anybody else's for nobody; and to its parts."""

import pytest

from common.json_content import JsonBytes
from common.page import NAME_BYTES, NOBODY, PART_BYTES, PART_MESSAGES, Page, has_id

OURS = [b"1-0", [b"c", b"ours"]]


def test_a_page_for_everybody_has_no_recipients() -> None:
    assert Page.of_entries([OURS]) == Page([b"1-0"], [b"ours"], None)
    assert Page.of_entries([]) == Page([], [], None)


@pytest.mark.parametrize(
    ("recipients", "names"),
    [
        (b"orders", ("orders",)),
        (b"a user:42 b.c", ("a", "user:42", "b.c")),
        (b"!42", ("!42",)),
    ],
)
def test_what_is_addressed_has_its_recipients(recipients: bytes, names: tuple[str, ...]) -> None:
    page = Page.of_entries([OURS, [b"2-0", [b"c", b"some", b"a", recipients]]])

    assert page == Page([b"1-0", b"2-0"], [b"ours", b"some"], [(), names])


def test_json_is_told_from_text_that_looks_like_it() -> None:
    text, pairs = b'{"a": 1}', [b"j", b'{"a": 1}']
    entries = [[b"1-0", [b"c", text]], [b"2-0", pairs], [b"3-0", [*pairs, b"a", b"b"]]]
    page = Page.of_entries(entries)

    assert (page.contents, page.recipients) == ([text, b'{"a":1}', b'{"a":1}'], [(), (), ("b",)])
    assert list(map(type, page.contents)) == [bytes, JsonBytes, JsonBytes]
    foreign = Page.of_entries([*entries, [b"4-0", [b"x", b"y"]]])
    assert list(map(type, foreign.contents)) == [bytes, JsonBytes, JsonBytes, bytes]


@pytest.mark.parametrize(
    "fields",
    [
        [b"foo", b"bar"],
        [b"", b""],
        [b"a", b"orders"],
        [b"a", b"orders", b"c", b"x"],
        [b"c", b"x", b"c", b"y"],
        [b"c", b"[]", b"j", b"1"],
        [b"j", b"[]", b"c", b"x"],
        [b"j", b"[]", b"a", b""],
        [b"c", b"x", b"b", b"orders"],
        [b"c", b"x", b"a", b""],
        [b"c", b"x", b"a", b" "],
        [b"c", b"x", b"a", b"b "],
        [b"c", b"x", b"a", b"b  c"],
        [b"c", b"x", b"a", b"\xff"],
        [b"c", b"x", b"a", "订单".encode()],
        [b"c", b"x", b"a", b"b\nc"],
        [b"c", b"x", b"a", b"b.*"],
        [b"c", b"x", b"a", b"b", b"z", b"z"],
    ],
)
def test_an_entry_of_somebody_else_is_for_nobody_and_cursors_move_past_it(
    fields: list[bytes],
) -> None:
    page = Page.of_entries([[b"1-0", fields], [b"2-0", [b"c", b"ours"]]])

    assert page == Page([b"1-0", b"2-0"], [b"", b"ours"], [NOBODY, ()])


def page(*recipients: tuple[str, ...], size: int = 1) -> Page:
    ids = [b"%d-0" % (at + 1) for at in range(len(recipients))]
    return Page(ids, [b"x" * size] * len(ids), list(recipients))


def test_a_page_is_true_when_it_holds_a_message() -> None:
    assert Page([b"1-0"], [b""])
    assert not Page([], [])


def test_a_page_knows_its_last_id_as_a_number() -> None:
    assert Page([b"1-0", b"2-7"], [b"", b""]).last == (2 << 64) + 7


def test_a_page_for_everybody_needs_no_addressing() -> None:
    assert Page([b"1-0"], [b"x"]).addressing is None


def test_the_addressing_of_a_page_is_made_once() -> None:
    some = page(("a",), ())

    assert some.addressing is not None
    assert some.addressing.open == [1]
    assert some.addressing is some.addressing
    assert some == page(("a",), ())


def test_a_page_that_is_short_is_its_only_part() -> None:
    some = page((), ("a",))

    assert [part is some for part in some.parts()] == [True]
    assert list(Page([], []).parts()) == []


@pytest.mark.parametrize(
    ("count", "size", "names", "lengths"),
    [
        (PART_MESSAGES + 1, 1, 0, [PART_MESSAGES, 1]),
        (5, PART_BYTES // 2, 0, [2, 2, 1]),
        (2, 2 * PART_BYTES, 0, [1, 1]),
        (3, 1, PART_BYTES // NAME_BYTES // 2, [2, 1]),
    ],
)
def test_a_part_has_a_bound_in_messages_bytes_and_names(
    count: int, size: int, names: int, lengths: list[int]
) -> None:
    some = page(*[("a",) * names] * count, size=size)

    parts = list(some.parts())

    assert [len(part.ids) for part in parts] == lengths
    assert [id_ for part in parts for id_ in part.ids] == some.ids


def test_a_part_of_which_all_is_for_everybody_says_so() -> None:
    some = page(*[()] * PART_MESSAGES, ("a",))

    assert [part.recipients for part in some.parts()] == [None, [("a",)]]


def test_a_kick_ends_its_part_unless_nobody_is_to_be_kicked() -> None:
    some = page((), ("!7",), (), ("!8",))

    assert [len(part.ids) for part in some.parts()] == [2, 2]
    assert list(some.parts(at_kicks=False)) == [some]


def test_what_comes_after_an_id_keeps_its_recipients() -> None:
    page = Page([b"1-0", b"2-0", b"3-0"], [b"a", b"b", b"c"], [(), ("x",), ()])

    assert page.after(0) is page
    assert page.after(1 << 64) == Page([b"2-0", b"3-0"], [b"b", b"c"], [("x",), ()])
    assert page.after((2 << 64) + 5) == Page([b"3-0"], [b"c"], None)
    assert not page.after(3 << 64)


def test_receipts_go_with_their_messages() -> None:
    tracked = [b"2-0", [b"j", b"{}", b"r", b"17"]]
    to_some = [b"3-0", [b"c", b"x", b"a", b"a b", b"r", b"18"]]
    page = Page.of_entries([OURS, tracked, to_some, [b"4-0", [b"x", b"y", b"r", b"19"]]])

    assert page.contents == [b"ours", b"{}", b"x", b""]
    assert page.recipients == [(), (), ("a", "b"), NOBODY]
    assert page.receipts == [b"", b"17", b"18", b""]
    assert page.after(1 << 64).receipts == [b"17", b"18", b""]
    assert Page.of_entries([OURS]).receipts is None


def test_a_part_without_receipts_says_so() -> None:
    entries = [[b"%d-0" % number, [b"c", b"x"]] for number in range(1, PART_MESSAGES + 1)]
    last = [b"%d-0" % (PART_MESSAGES + 1), [b"c", b"x", b"r", b"17"]]
    parts = list(Page.of_entries([*entries, last]).parts())

    assert [part.receipts for part in parts] == [None, [b"17"]]


@pytest.mark.parametrize(("id_", "is_there"), [(1, True), (2, False), (3, True), (4, False)])
def test_an_id_is_found_among_sorted_ones(id_: int, is_there: bool) -> None:
    assert has_id([b"1-0", b"3-0"], id_ << 64) is is_there
    assert not has_id([], id_ << 64)


def test_events_and_excepts_go_with_their_messages() -> None:
    entries = [
        OURS,
        [b"2-0", [b"c", b"some", b"e", b"made"]],
        [b"3-0", [b"j", b"{}", b"a", b"b c", b"e", b"\xc3\xa9", b"x", b"1.2", b"r", b"17 p"]],
        [b"4-0", [b"c", b"some", b"a", b"b", b"x", b"1.2"]],
    ]
    page = Page.of_entries(entries)

    assert page.contents == [b"ours", b"some", b"{}", b"some"]
    assert page.recipients == [(), (), ("b", "c"), ("b",)]
    assert page.events == [b"", b"made", b"\xc3\xa9", b""]
    assert page.excepts == [b"", b"", b"1.2", b"1.2"]
    assert page.receipts == [b"", b"", b"17 p", b""]
    later = page.after(3 << 64)
    assert (later.recipients, later.events, later.excepts) == ([("b",)], None, [b"1.2"])
    assert later.receipts is None


@pytest.mark.parametrize(
    "more",
    [
        [b"x", b"1.2", b"e", b"made"],
        [b"e", b"made", b"e", b"made"],
        [b"r", b"17 p", b"e", b"made"],
        [b"e", b"made", b"a", b"b"],
        [b"e", b"made", b"z", b"z"],
        [b"z", b"z", b"e", b"made"],
    ],
)
def test_what_stands_in_another_order_is_not_ours(more: list[bytes]) -> None:
    good = [b"2-0", [b"c", b"some", b"e", b"made"]]
    page = Page.of_entries([[b"1-0", [b"c", b"some", *more]], good])

    assert page.recipients == [NOBODY, ()]
    assert page.events == [b"", b"made"]


def test_pages_that_are_joined_keep_what_goes_with_each_message() -> None:
    first, second = Page([b"1-0"], [b"a"], [("b",)]), Page([b"2-0"], [b"c"], events=[b"made"])

    assert first.followed_by(second) == Page([b"1-0", b"2-0"], [b"a", b"c"], events=[b"", b"made"])
    assert second.followed_by(first).events == [b"made", b""]
