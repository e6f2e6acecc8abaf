"""However the log is filled and trimmed, its bytes are counted and bounded; with hypothesis."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from common.message import parse_id
from common.store.connect import connect
from config.cli.embedded import EmbeddedValkey
from tests.support.store import Center

pytestmark = pytest.mark.integration

KIB = 1024
BOUND = 256 * KIB
STRETCH = 64 * KIB  # Known to a stretch, where somebody trims within it.
LARGEST = 40 * KIB

sizes = st.lists(st.sampled_from([0, 1, 100, 5_000, LARGEST]), min_size=1, max_size=12)
steps = st.one_of(
    st.tuples(st.just("settle"), sizes),
    st.tuples(st.just("settle without a bound"), sizes),
    st.tuples(st.just("add"), sizes),  # As an older version that settles, too.
    st.tuples(st.just("trim"), st.integers(0, 20)),
    st.tuples(st.just("delete"), st.sampled_from(["log", "bytes", "stretches"])),
)


@pytest.fixture(scope="module")
def shared(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    client = connect(valkey.url, timeout=5, connections=1)
    yield client
    client.connection_pool.disconnect()


class Model:
    """A log, and which messages it must have: all since the last time that somebody took some."""

    def __init__(self, client: redis.Redis) -> None:
        self.key = f"test-{uuid4().hex}"
        self.log = f"{{{self.key}}}:log"
        self._client = client
        self._bounded = Center(client, self.key, bytes_=BOUND)
        self._unbounded = Center(client, self.key)
        self.sizes: list[int] = []  # Of the messages that were never taken away by others.

    def do(self, what: str, value: Any) -> None:
        """One step, and what a step is followed by: somebody settles soon."""
        if what == "trim":
            self._client.xtrim(self.log, maxlen=value, approximate=False)
            self.sizes = (
                self.sizes[len(self.sizes) - value :] if value < len(self.sizes) else self.sizes
            )
        elif what == "delete":
            self._client.delete(f"{{{self.key}}}:{value}")
            self.sizes = [] if value == "log" else self.sizes
        else:
            self._write(what, value)
        self.settle()

    def _write(self, what: str, value: list[int]) -> None:
        contents = [b"." * size for size in value]
        self.sizes += value
        if what == "add":
            for content in contents:
                self._client.xadd(self.log, {"c": content})
            return
        center = self._bounded if what == "settle" else self._unbounded
        center.queue.push(contents)
        center.settle_all()

    def settle(self) -> None:
        self._bounded.settle()

    def entries(self) -> list[int]:
        """The bytes of each entry."""
        found: Any = self._client.xrange(self.log)
        return [32 + len(fields[b"c"]) for _, fields in found]

    def counted(self) -> tuple[int, str]:
        """All bytes, and the id from which on they are counted."""
        text: Any = self._client.get(f"{{{self.key}}}:bytes")
        fields = text.decode().split()
        return int(fields[1]), fields[3]

    def check(self) -> None:
        """What holds between any two settles."""
        entries, kept = self.entries(), [32 + size for size in self.sizes]
        assert entries == kept[len(kept) - len(entries) :]  # The oldest are gone, and only these.
        if not entries:
            return
        if len(entries) < len(kept):  # No more than has to go: a stretch, and what was in its way.
            assert sum(entries) > BOUND - 2 * (STRETCH + 12 * LARGEST)
        state = self._bounded.log.look()
        first: Any = self._client.xrange(self.log, count=1)
        assert state.floor <= parse_id(first[0][0])

    def check_at_rest(self) -> None:
        """What holds when some settles have found nothing to do."""
        for _ in range(20):
            self.settle()
        entries = self.entries()
        if not entries:
            return
        counted, begin = self.counted()
        first: Any = self._client.xrange(self.log, count=1)
        assert begin == first[0][0].decode()
        assert sum(entries) <= counted <= sum(entries) + STRETCH + 12 * LARGEST
        newest = sum(entries[-12:])  # Are never forgotten before something follows them.
        assert sum(entries) <= max(BOUND, newest + STRETCH)


@given(todo=st.lists(steps, min_size=1, max_size=25))
def test_a_log_is_counted_and_bounded_whatever_is_done_to_it(
    shared: redis.Redis, todo: list[tuple[str, Any]]
) -> None:
    model = Model(shared)
    for what, value in todo:
        model.do(what, value)
        model.check()

    model.check_at_rest()
    shared.delete(*(f"{{{model.key}}}:{name}" for name in ("log", "bytes", "stretches")))
