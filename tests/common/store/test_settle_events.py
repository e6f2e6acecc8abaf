"""Events, and connections that are not to get a message: from an envelope to a page, by Valkey."""

from typing import Any

import pytest

from common.connection_id import is_id
from common.message import Message, Tracked, is_event, item_of, more_of
from common.page import Page
from tests.support.store import NOTHING, Center, envelope, settle

pytestmark = pytest.mark.integration


def test_an_event_and_an_except_enter_the_log(center: Center) -> None:
    done, page = settle(
        center,
        b"plain",
        Message("all", event="made").to_item(),
        Message("some", ("b", "user:1"), event="订单", except_="1.2").to_item(),
        item_of("told", b"told", ("b",), Tracked("p"), more_of(None, "1.2")),
    )

    assert (done.moved, done.rejected) == (4, 0)
    assert page.contents == [b"plain", b"all", b"some", b"told"]
    assert page.recipients == [(), (), ("b", "user:1"), ("b",)]
    assert page.events == [b"", b"made", "订单".encode(), b""]
    assert page.excepts == [b"", b"", b"1.2", b"1.2"]
    assert page.receipts is not None
    assert page.receipts[:3] == [b"", b"", b""]
    assert page.receipts[3].isdigit()


def test_what_is_picked_for_some_has_them_too(center: Center) -> None:
    settle(
        center,
        Message("a", ("b",), event="made").to_item(),
        Message("c", ("d",), event="made").to_item(),
        Message("e", except_="1.2").to_item(),
        item_of("f", b"f", ("b",), Tracked("p"), more_of("told", "1.2")),
    )

    page = center.log.pick_between(center.at(0), 1 << 127, frozenset("b")).page

    assert page.contents == [b"a", b"e", b"f"]
    assert page.events == [b"made", b"", b"told"]
    assert page.excepts == [b"", b"1.2", b"1.2"]


@pytest.mark.parametrize("fields", [{"event": None}, {"except": None}, {"except": ""}])
def test_none_is_none(center: Center, fields: dict[str, Any]) -> None:
    _, page = settle(center, envelope(content="a", **fields))

    assert page == Page(page.ids, [b"a"])


@pytest.mark.parametrize(
    "event", ["", "a\n", "\x00", "\x7f", "\x85", "é" * 201, "😀" * 201, 7, True, ["a"], {"a": 1}]
)
def test_what_cannot_be_an_event_is_set_aside(center: Center, event: Any) -> None:
    done, _ = settle(center, envelope(content="a", event=event), b"b")

    assert (done.moved, done.rejected, done.reason) == (1, 1, "event is no name")


@pytest.mark.parametrize(
    "id_", ["1", "1.", "1.2\n", "1.2.3", "1" * 21 + ".2", 1.2, 7, ["1.2"], True]
)
def test_what_cannot_be_a_connection_is_set_aside(center: Center, id_: Any) -> None:
    done, _ = settle(center, envelope(content="a", **{"except": id_}), b"b")

    assert (done.moved, done.rejected, done.reason) == (1, 1, "except is no id of a connection")


def test_the_script_takes_the_characters_of_events_that_python_takes(center: Center) -> None:
    names = [chr(code) for code in (*range(0x500), *range(0x1FF0, 0x2070), 0xFFFF, 0x10FFFF)]
    names += [each * count for each in ("a", "é", "订", "😀") for count in (199, 200, 201)]
    items = [envelope(content=name, event=name) for name in names]

    assert taken(center, items) == [name.encode() for name in names if is_event(name)]


def test_the_script_takes_the_ids_of_connections_that_python_takes(center: Center) -> None:
    ids = [
        f"{before}.{after}" for before in ("1", chr(0x663), "") for after in map(chr, range(256))
    ]
    ids += ["1" * process + "." + "2" * number for process in (20, 21) for number in (20, 21)]
    items = [envelope(content=id_, **{"except": id_}) for id_ in ids]

    assert taken(center, items) == [id_.encode() for id_ in ids if is_id(id_)]


def taken(center: Center, items: list[bytes]) -> list[bytes]:
    """The contents of those items that are not set aside."""
    center.queue.push(items)
    center.settle_all()
    return center.log.read_after(NOTHING, len(items))[0].contents
