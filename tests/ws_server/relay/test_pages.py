"""How much of what is new is read at once."""

import pytest

from common.message import Mark, parse_id
from common.store.log import SETTLE_MESSAGES
from tests.support.fake_log import FakeLog
from tests.support.parts import numbered
from ws_server.relay import pages as module
from ws_server.relay.pages import FIRST_MESSAGES, MOST_BYTES, READ_BYTES, READ_MESSAGES, Pages

LONG = 64 * 1024


def sizes_of_pages(pages: Pages, log: FakeLog, start: int = 0) -> list[int]:
    """How many messages each page has, until all are read."""
    known, sizes = Mark(log.epoch, start), list[int]()
    while True:
        part = pages.read(known)
        sizes.append(len(part.page.ids))
        if not part.is_full:
            return sizes
        known = Mark(log.epoch, parse_id(part.page.ids[-1]))


def test_of_short_messages_pages_are_full() -> None:
    log = FakeLog()
    log.write(*numbered(2500, size=128))

    assert sizes_of_pages(Pages(log), log) == [READ_MESSAGES, READ_MESSAGES, 500]


def test_of_long_messages_a_page_has_about_so_many_bytes() -> None:
    log = FakeLog()
    log.write(*numbered(10, size=LONG))
    pages = Pages(log)
    sizes_of_pages(pages, log)  # As they come, at first.
    log.write(*numbered(200, size=LONG))

    sizes = sizes_of_pages(pages, log, 10 << 64)

    assert sum(sizes) == 200
    assert max(sizes) * LONG <= READ_BYTES


def test_after_a_pause_little_is_read_until_it_is_known_how_long_messages_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = FakeLog()
    pages = Pages(log)
    log.write(*numbered(2000))
    monkeypatch.setattr(module, "IDLE", -1.0)
    assert pages.most == FIRST_MESSAGES
    monkeypatch.setattr(module, "IDLE", 1000.0)

    sizes = sizes_of_pages(pages, log)

    assert sizes == [FIRST_MESSAGES, READ_MESSAGES, 2000 - FIRST_MESSAGES - READ_MESSAGES]


def test_what_a_settle_moves_is_read_at_once_after_a_pause_too() -> None:
    assert FIRST_MESSAGES > SETTLE_MESSAGES  # Or the page is full, and looked behind.


def test_who_has_seen_long_messages_reads_no_page_that_could_be_full_of_them() -> None:
    log = FakeLog()
    log.write(b"x" * LONG, *numbered(10_000, size=1))
    pages = Pages(log)

    first, *others = sizes_of_pages(pages, log)

    assert first == READ_MESSAGES
    assert max(others) * LONG <= MOST_BYTES


def test_a_message_longer_than_all_bounds_is_read_alone() -> None:
    log = FakeLog()
    log.write(*[b"x" * 2 * MOST_BYTES] * 3)
    pages = Pages(log)
    pages.learn(log.write(b"x" * 2 * MOST_BYTES).sizes, 1)

    assert sizes_of_pages(pages, log) == [1, 1, 1, 1, 0]
