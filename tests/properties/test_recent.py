"""How far back the newest messages for somebody reach, of any mixture."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from common.channels import reaches
from common.message import MOST_LOOKED_AT, parse_id
from common.page import Page
from tests.support.fake_log import FakeLog
from tests.support.log_room import add, looked_back
from ws_server.log.recent import Recent


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
