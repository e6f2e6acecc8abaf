"""Whoever reads on after any id gets every message, or is told: whatever happens to the log."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from common.channels import reaches
from common.message import Mark, Message, format_id, parse_id
from common.page import Page
from common.store.connect import connect
from config.cli.embedded import EmbeddedValkey
from tests.support.store import Center

pytestmark = pytest.mark.integration

NODE = 5  # Entries in a node of the stream: what Redis forgets at once.
KEPT = 12
ALL = frozenset(["a", "b.*"])

steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(1, KEPT)),
        st.tuples(st.just("trim"), st.integers(0, 8)),  # By somebody else.
        st.tuples(st.just("delete"), st.integers(0, 30)),
        st.tuples(st.just("evict"), st.just(0)),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def shared(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect(valkey.url, timeout=5, connections=2)
    client.config_set("stream-node-max-entries", NODE)
    yield client
    client.config_set("stream-node-max-entries", 100)
    client.connection_pool.disconnect()


class Recorded(Center):
    """A center, and every message that ever was in its log."""

    def __init__(self, client: redis.Redis) -> None:
        self.key = f"test-{uuid4().hex}"
        super().__init__(client, self.key, size=KEPT)
        self.client = client
        self.every: list[tuple[int, bytes]] = []
        self.cursors = {0, self.log.look().last}  # Those that a client may have.

    @property
    def stream(self) -> str:
        return f"{{{self.key}}}:log"

    def push(self, count: int) -> None:
        """Also notes the places with which clients are welcomed meanwhile."""
        known = self.every[-1][0] if self.every else self.log.look().last
        contents = [b"%d" % (len(self.every) + at) for at in range(count)]
        self.queue.push(contents)
        settled, page = self.log.settle_and_read(Mark("", known), 100)
        self.every += zip(map(parse_id, page.ids), page.contents, strict=True)
        self.cursors |= {settled.log.start, max(0, settled.log.floor - 1)}

    def step(self, what: str, size: int) -> None:
        """What may happen to a log."""
        if what == "push":
            self.push(size)
        elif what == "trim":
            self.client.xtrim(self.stream, maxlen=size, approximate=False)
        elif what == "delete" and self.every:
            self.client.xdel(self.stream, format_id(self.every[size % len(self.every)][0]))
        elif what == "evict":
            self.client.delete(f"{{{self.key}}}:floor", f"{{{self.key}}}:first")

    def read_on(self, cursor: int, *, pick: bool) -> list[bytes] | None:
        """What comes after `cursor`, page by page; None if somebody is told of a gap."""
        head, found = self.every[-1][0], list[bytes]()
        while cursor < head:
            stretch = (
                self.log.pick_between(self.at(cursor), head, ALL)
                if pick
                else self.log.read_between(self.at(cursor), head, 7)
            )
            if not stretch.is_whole:
                return None
            assert stretch.upto > cursor
            cursor = stretch.upto
            found += stretch.page.contents
        return found

    def after(self, cursor: int) -> list[bytes]:
        return [content for id_, content in self.every if id_ > cursor]


@given(st.lists(st.integers(1, KEPT), min_size=1, max_size=8), st.booleans())
def test_of_a_log_that_nobody_touches_the_rest_is_whole_or_forgotten(
    shared: redis.Redis, pushes: list[int], pick: bool
) -> None:
    center = Recorded(shared)
    for count in pushes:
        center.push(count)
    ids = [id_ for id_, _ in center.every]
    rows: Any = shared.xrange(center.stream)
    held = [parse_id(row[0]) for row in rows]

    for cursor in {*center.cursors, *ids, *[id_ - 1 for id_ in ids]}:
        # Whose own message is gone as the last one is told of a gap, too.
        is_held = cursor >= held[0] - 1 or held == ids
        assert center.read_on(cursor, pick=pick) == (center.after(cursor) if is_held else None)


@given(steps, st.booleans())
def test_whatever_happens_to_the_log_nothing_is_missing_in_silence(
    shared: redis.Redis, steps: list[tuple[str, int]], pick: bool
) -> None:
    center = Recorded(shared)
    for what, size in [("push", 3), *steps]:
        center.step(what, size)
        ids = [id_ for id_, _ in center.every]
        for cursor in {*center.cursors, *ids, *[id_ - 1 for id_ in ids]}:
            found = center.read_on(cursor, pick=pick)
            assert found is None or found == center.after(cursor), cursor
        assert center.read_on(ids[-1], pick=pick) == []


names = st.sampled_from(["a", "b", "a.b", "a.b.c", ".a", "a..b", "user:a", "user:a.b", "b.a"])
subscriptions = names | st.sampled_from(["a.*", "b.*", "a.b.*", "a..*", ".a.*"])


@given(
    st.lists(st.lists(names, max_size=3, unique=True), min_size=1, max_size=60),
    st.frozensets(subscriptions, max_size=4),
)
def test_redis_picks_what_python_would(
    shared: redis.Redis, addressed: list[list[str]], wanted: frozenset[str]
) -> None:
    center = Center(shared, f"test-{uuid4().hex}")
    items = [Message(str(at), tuple(to)).to_item() for at, to in enumerate(addressed)]
    center.queue.push(items)
    _, page = center.log.settle_and_read(Mark("", 0), 1000)

    found = center.log.pick_between(center.at(0), parse_id(page.ids[-1]), wanted)

    places = [
        at for at, to in enumerate(addressed) if not to or any(reaches(name, wanted) for name in to)
    ]
    assert found.page.ids == [page.ids[at] for at in places]
    assert (found.upto, found.looked, found.is_whole) == (parse_id(page.ids[-1]), len(items), True)
    assert found.bytes == center.log.read_between(center.at(0), found.upto, 1000).bytes


def test_what_is_none_of_our_messages_is_passed_over(client: redis.Redis, key: str) -> None:
    center, log = Center(client, key), f"{{{key}}}:log"
    for fields in ({"c": "x"}, {"z": "x"}, {"c": "x", "b": "a"}, {"c": "x", "a": "a", "d": "1"}):
        client.xadd(log, fields)  # type: ignore[arg-type]
    last = center.log.look().last

    found = center.log.pick_between(center.at(0), last, frozenset(["a"]))

    assert (found.page.contents, found.looked, found.upto) == ([b"x"], 4, last)
    assert found.bytes == center.log.read_between(center.at(0), last, 10).bytes


def test_a_message_is_found_by_its_id_also_before_a_hole(client: redis.Redis, key: str) -> None:
    center = Center(client, key)
    center.queue.push([b"0", b"1", b"2"])
    ids = center.log.settle_and_read(Mark("", 0), 10)[1].ids
    client.xdel(f"{{{key}}}:log", ids[1])

    assert [center.log.has(parse_id(id_)) for id_ in ids] == [True, False, True]


def test_a_look_for_some_is_bounded_in_bytes_whatever_comes(client: redis.Redis, key: str) -> None:
    center = Center(client, key)
    sizes = ([10] * 300 + [60_000] * 60) * 3
    for size in sizes:
        center.queue.push([Message("x" * size, ("a",)).to_item()])
    cursor, last, pages = 0, _settle_all(center), list[Page]()
    while cursor < last:
        stretch = center.log.pick_between(center.at(cursor), last, frozenset(["b"]))
        assert stretch.is_whole
        assert stretch.bytes < 1.7 * 1024 * 1024
        assert stretch.looked <= 400 + 16
        assert not stretch.page
        cursor = stretch.upto
    cursor = 0
    while cursor < last:
        stretch = center.log.pick_between(center.at(cursor), last, frozenset(["a"]))
        assert sum(map(len, stretch.page.contents)) <= 256 * 1024 + 60_000
        pages.append(stretch.page)
        cursor = stretch.upto
    assert sum(len(page.ids) for page in pages) == len(sizes)


def _settle_all(center: Center) -> int:
    while center.log.settle_and_read(Mark("", 0), 1)[0].waiting:
        pass
    return center.log.look().last
