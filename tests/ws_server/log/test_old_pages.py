"""What is read of the log for clients that are behind, and what is kept of it."""

import pytest

from common.message import Mark, parse_id
from common.page import PART_BYTES
from tests.support.fake_log import FakeLog
from tests.support.log_room import behind
from tests.support.parts import numbered
from tests.support.reading import frames_of
from ws_server.log.feed import Feed
from ws_server.log.old_pages import CROWD, FIRST_MESSAGES
from ws_server.wire.frames import JsonFrames

ONE, OTHER = frozenset(["one"]), frozenset(["other"])


def drain(feed: Feed, channels: frozenset[str], cursor: int = 0) -> list[bytes]:
    """All that a client gets."""
    received = list[bytes]()
    while (chunk := feed.next_chunk(cursor, channels)) is not None:
        received += [payload for _, payload in frames_of(chunk.data[chunk.start_after(cursor) :])]
        cursor = chunk.upto
    return received


def test_nothing_large_is_asked_for_before_anybody_knows_how_large_it_is() -> None:
    log, feed = behind(numbered(400, size=60_000), [()] * 400)

    feed.next_chunk(0)

    assert log.sent <= FIRST_MESSAGES * 60_000


def test_those_whose_pages_are_not_kept_read_no_more_than_a_chunk_of_long_messages() -> None:
    log, feed = behind(numbered(400, size=60_000), [()] * 400, bytes_=1)
    feed.next_chunk(0)
    before = log.sent

    for at in range(50, 350, 50):
        feed.next_chunk(at << 64)

    assert log.sent - before <= 6 * PART_BYTES


@pytest.mark.parametrize("sizes", [[60_000], [10], [60_000, 10], [10] * 99 + [60_000]])
def test_what_is_read_for_a_client_is_what_it_is_sent(sizes: list[int]) -> None:
    contents = [(b"%d " % at).ljust(sizes[at % len(sizes)], b"x") for at in range(300)]
    log, feed = behind(contents, [()] * 300)

    assert drain(feed, frozenset()) == contents
    assert log.sent == sum(map(len, contents))


def test_kicks_in_between_make_no_page_shorter() -> None:
    log, feed = behind(numbered(1000), [(), ("!7",)] * 500)

    assert len(drain(feed, frozenset())) == 500
    assert len(log.history_reads) <= 6


@pytest.mark.parametrize("size", [10, 20_000])
def test_a_client_for_whom_there_is_little_makes_redis_send_little(size: int) -> None:
    names = [("one",) if at % 100 == 0 else ("other",) for at in range(2000)]
    contents = numbered(2000, size=size)
    log, feed = behind(contents, names)

    received = drain(feed, ONE)

    assert received == contents[::100]
    assert log.sent <= 3 * sum(map(len, received)) + FIRST_MESSAGES * size


def test_a_few_at_the_same_place_share_what_redis_picks_for_them() -> None:
    log, feed = behind(numbered(4000), [("nobody",)] * 3999 + [()])
    audiences = [frozenset([f"user:{at}"]) for at in range(3)]

    cursors = dict.fromkeys(audiences, 0)
    while any(cursor < feed.head for cursor in cursors.values()):
        for audience, cursor in cursors.items():
            chunk = feed.next_chunk(cursor, audience)
            cursors[audience] = cursor if chunk is None else chunk.upto

    assert len(log.history_reads) < 1 + 3 + 2 * 4000 // 400
    assert log.sent < 500


def test_a_crowd_at_the_same_place_shares_pages_that_have_everything() -> None:
    log, feed = behind(numbered(3000), [(f"user:{at}",) for at in range(3000)])
    audiences = [frozenset([f"user:{at}"]) for at in range(3000)]

    received = [drain(feed, audience) for audience in audiences[:50]]

    assert received == [[content] for content in numbered(3000)[:50]]
    pages = 3000 // 400 + 5
    assert len(log.history_reads) <= (CROWD + 2) * pages


def test_a_crowd_that_comes_at_once_reads_each_page_once() -> None:
    log, feed = behind(numbered(3000), [(f"user:{at}",) for at in range(3000)])
    cursors = {frozenset([f"user:{at}"]): 0 for at in range(200)}

    while any(cursor < feed.head for cursor in cursors.values()):
        for audience, cursor in cursors.items():
            chunk = feed.next_chunk(cursor, audience)
            cursors[audience] = cursor if chunk is None else chunk.upto

    assert log.picks == []
    assert len(log.history_reads) == len(set(log.history_reads)) < 3000 // 500 + 5


@pytest.mark.parametrize("content", [b"x" * 5000, b"\x01" * 5000, b"x", b""])
@pytest.mark.parametrize(
    "names", [(), ("one",), ("one", "other"), tuple(f"a.b.{at}" for at in range(50))]
)
def test_what_is_kept_stays_within_the_bound(content: bytes, names: tuple[str, ...]) -> None:
    log, bound = FakeLog(), 500_000
    feed = Feed(log, JsonFrames(), bound)
    feed.rewind(Mark(log.epoch, 0))
    for _ in range(8):
        page = log.write(*[content] * 50, recipients=[names] * 50)
        feed.skip(parse_id(page.ids[-1]))
    largest = 0
    assert feed.kept_bytes == 0
    for audience in (ONE, OTHER, frozenset(["a.b.7"]), frozenset(["a.*"])):
        cursor = 0
        while (chunk := feed.next_chunk(cursor, audience)) is not None:
            cursor = chunk.upto
            largest = max(largest, feed.kept_bytes)
    # The last of each kind is kept, however long its frames are.
    assert largest <= bound + 19 * PART_BYTES
    feed.give_back()
    assert feed.kept_bytes == 0
