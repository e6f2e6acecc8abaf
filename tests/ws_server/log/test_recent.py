"""Where a client starts that asks for the newest messages for it."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from common.channels import reaches
from common.message import MOST_LOOKED_AT, parse_id
from common.page import Page
from tests.support.fake_log import FakeLog
from ws_server.log.recent import MOST_BYTES, NAME_BYTES, Recent

NOBODY = frozenset(["nobody"])


def add(recent: Recent, page: Page) -> None:
    recent.add(page.ids, page.recipients)


def looked_back(recent: Recent, log: FakeLog) -> None:
    """As `Beginnings` looks for what came before."""
    page, is_all = log.newest(recent.start)
    recent.add_older(recent.start, page, is_all=is_all)


@given(st.integers(0, 1 << 32))
def test_it_says_after_which_id_the_newest_for_somebody_come(seed: int) -> None:
    random, log, recent = Random(seed), FakeLog(), Recent()
    names = ["a", "b.x", "b.y", "user:1"]

    def write(count: int) -> Page:
        to = [tuple(random.sample(names, random.choice([0, 1, 2]))) for _ in range(count)]
        return log.write(*[b"x"] * count, recipients=to)

    write(random.choice([0, 3, 700]))
    recent.rewind(log.last_id())
    for _ in range(random.randrange(8)):
        add(recent, write(random.choice([1, 7, 400])))
    wanted = frozenset(random.sample([*names[:2], "b.*", "user:1"], 2))
    count = random.choice([1, 2, 50, 2000])

    while (cursor := recent.newest(count, wanted)) is None:
        looked_back(recent, log)

    rows = [log.recipients[id_] for id_, _ in log.messages]
    of_them = [not to or any(reaches(name, wanted) for name in to) for to in rows]
    follow = [parse_id(id_) > cursor for id_, _ in log.messages]
    found = sum(map(int, (mine and after for mine, after in zip(of_them, follow, strict=True))))
    assert found == min(count, sum(of_them)) or sum(follow) >= MOST_LOOKED_AT


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
