"""Where a client starts that asks for the newest messages for it."""

from common.message import MOST_LOOKED_AT, parse_id
from tests.support.fake_log import FakeLog
from tests.support.log_room import add, looked_back
from ws_server.log.recent import MOST_BYTES, NAME_BYTES, Recent

NOBODY = frozenset(["nobody"])


def test_however_long_it_runs_it_remembers_little_and_asks_nobody() -> None:
    log, recent = FakeLog(), Recent()
    for _ in range(30):
        add(recent, log.write(*[b"x"] * 300, recipients=[("a",)] * 300))

    cursor = recent.newest(1, NOBODY)

    assert cursor is not None
    behind = (log.last_id() - cursor) >> 64
    assert MOST_LOOKED_AT <= behind < MOST_LOOKED_AT + 1000


def test_messages_to_thousands_of_names_are_not_all_remembered() -> None:
    names = tuple(f"user:{at}" for at in range(1000))
    log, recent = FakeLog(), Recent()
    log.write(*[b"x"] * 100, recipients=[names] * 100)
    recent.rewind(log.last_id())

    looked_back(recent, log)
    before = recent.newest(1, NOBODY)
    for _ in range(100):
        add(recent, log.write(b"x", recipients=[names]))
    after = recent.newest(1, NOBODY)

    for cursor, head in ((before, 100), (after, 200)):
        assert cursor is not None
        assert 1 <= head - (cursor >> 64) <= MOST_BYTES // (1000 * NAME_BYTES) + 1


def test_what_was_found_for_an_older_start_is_not_added_twice() -> None:
    log, recent = FakeLog(), Recent()
    log.write(b"0", b"1")
    recent.rewind(log.last_id())
    page, _ = log.newest(recent.start)

    recent.add_older(recent.start, page, is_all=True)
    recent.add_older(2 << 64, page, is_all=True)

    assert recent.newest(9, NOBODY) == recent.start == (1 << 64) - 1


def test_after_a_loss_nothing_is_remembered() -> None:
    log, recent = FakeLog(), Recent()
    add(recent, log.write(b"0", b"1"))

    recent.rewind(7 << 64)

    assert recent.newest(1, NOBODY) is None
    assert recent.start == 7 << 64


def test_what_comes_after_an_id_is_counted_as_far_as_it_is_known() -> None:
    log, recent = FakeLog(), Recent()
    recent.rewind(log.last_id())
    assert recent.count_after(0) == 0
    ids = []
    for _ in range(3):
        page = log.write(*[b"x"] * 400)
        ids += [parse_id(each) for each in page.ids]
        add(recent, page)

    assert recent.count_after(0) == 1200
    for at in (0, 399, 400, 799, 1000, 1198, 1199):
        assert recent.count_after(ids[at]) == 1199 - at
