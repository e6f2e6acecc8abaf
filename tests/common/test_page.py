"""From entries to a page: ours as they are, and anybody else's for nobody."""

import pytest

from common.message import NOBODY, Page

OURS = [b"1-0", [b"c", b"ours"]]


def test_a_page_for_everybody_has_no_addresses() -> None:
    assert Page.of_entries([OURS]) == Page([b"1-0"], [b"ours"], None)
    assert Page.of_entries([]) == Page([], [], None)


@pytest.mark.parametrize(
    ("addresses", "names"),
    [
        (b"orders", ("orders",)),
        (b"a user:42 b.c", ("a", "user:42", "b.c")),
        (b"!42", ("!42",)),
    ],
)
def test_what_is_addressed_has_its_addresses(addresses: bytes, names: tuple[str, ...]) -> None:
    page = Page.of_entries([OURS, [b"2-0", [b"c", b"some", b"a", addresses]]])

    assert page == Page([b"1-0", b"2-0"], [b"ours", b"some"], [(), names])


@pytest.mark.parametrize(
    "fields",
    [
        [b"foo", b"bar"],
        [b"", b""],
        [b"a", b"orders"],
        [b"a", b"orders", b"c", b"x"],
        [b"c", b"x", b"c", b"y"],
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
