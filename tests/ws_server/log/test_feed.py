"""The log as one process sees it: the head, the window, shared pages and gaps."""

import weakref
from array import array
from itertools import accumulate

import gevent
import pytest

from common.errors import QueueUnavailable
from common.message import Mark, format_id, parse_id
from common.page import PART_BYTES, PART_MESSAGES, Page
from tests.support.fake_log import FakeLog
from tests.support.parts import numbered
from ws_server.log.chunk import Chunk
from ws_server.log.feed import Feed, Window
from ws_server.log.old_pages import FIRST_MESSAGES, PAGES, Gap
from ws_server.wire.frames import TextFrames

LARGE = 1 << 30


def frames_of(prefix: str, contents: list[bytes]) -> list[bytes]:
    return TextFrames(prefix).messages("", Page([], contents))


def make(log: FakeLog, most_bytes: int, prefix: str = "") -> Feed:
    """A feed at the beginning of a log."""
    feed = Feed(log, TextFrames(prefix), most_bytes)
    feed.rewind(Mark(log.epoch, 0))
    return feed


def append(feed: Feed, page: Page) -> list[Chunk]:
    """What is sent of a page that is for everybody."""
    pieces = [feed.append(part) for part in page.parts()]
    assert all(isinstance(piece, Chunk) for piece in pieces)
    return [piece for piece in pieces if isinstance(piece, Chunk)]


def fill(feed: Feed, log: FakeLog, contents: list[bytes], at_once: int = 500) -> None:
    """Settle and append, so many messages at a time."""
    for start in range(0, len(contents), at_once):
        append(feed, log.write(*contents[start : start + at_once]))


def drain(feed: Feed, cursor: int) -> bytes:
    """All that a client gets that stands at `cursor`."""
    received = b""
    while (chunk := feed.next_chunk(cursor)) is not None:
        assert chunk.upto > cursor
        received += chunk.data[chunk.start_after(cursor) :]
        cursor = chunk.upto
    assert cursor == feed.head
    return received


def behind(count: int) -> tuple[FakeLog, Feed]:
    """A feed at the head of so many messages, none of which is in memory."""
    log = FakeLog()
    feed = make(log, LARGE)
    log.write(*numbered(count))
    feed.skip(log.last_id())
    return log, feed


def test_at_the_head_there_is_nothing() -> None:
    assert make(FakeLog(), LARGE).next_chunk(0) is None


def test_each_chunk_follows_the_last_and_moves_the_head() -> None:
    log = FakeLog()
    feed = make(log, LARGE, "> ")

    last = 0
    for part in log.write(*numbered(PART_MESSAGES * 2 + 1)).parts():
        chunk = feed.append(part)
        assert chunk.after == last
        assert chunk.upto == feed.head
        last = chunk.upto

    assert feed.head == log.last_id()


def test_a_chunk_has_the_frames_of_its_messages_and_where_each_ends() -> None:
    log = FakeLog()
    feed = make(log, LARGE, "中: ")
    page = log.write(b"one", b"two")

    (chunk,) = append(feed, page)

    assert chunk.data == b"".join(frames_of("中: ", [b"one", b"two"]))
    assert chunk.ids == page.ids
    assert list(chunk.ends) == [10, 20]


def test_no_messages_make_no_chunk() -> None:
    assert append(make(FakeLog(), LARGE), Page([], [])) == []


@pytest.mark.parametrize(
    ("sizes", "chunks"),
    [
        ([1] * PART_MESSAGES, [PART_MESSAGES]),
        ([1] * (PART_MESSAGES + 1), [PART_MESSAGES, 1]),
        ([PART_BYTES // 2] * 3, [2, 1]),
        ([PART_BYTES * 3, 1], [1, 1]),
        ([1, PART_BYTES * 3], [1, 1]),
    ],
)
def test_chunks_are_bounded_in_messages_and_bytes(sizes: list[int], chunks: list[int]) -> None:
    log = FakeLog()
    page = log.write(*[b"x" * size for size in sizes])

    assert [len(chunk.ids) for chunk in append(make(log, LARGE), page)] == chunks


@pytest.mark.parametrize("window", [1, 5_000, 200_000, LARGE])
@pytest.mark.parametrize("at_once", [1, 7, 500])
def test_from_any_cursor_no_message_is_missing_or_doubled(window: int, at_once: int) -> None:
    log, contents = FakeLog(), numbered(1203, size=100)
    feed = make(log, window, "> ")
    fill(feed, log, contents, at_once)
    frames = frames_of("> ", contents)

    for seen in (0, 1, 6, 499, 500, 501, 703, 1000, 1202, 1203):
        cursor = parse_id(log.messages[seen - 1][0]) if seen else 0
        assert drain(feed, cursor) == b"".join(frames[seen:])


def test_large_messages_of_the_log_come_a_bounded_page_at_a_time() -> None:
    log, contents = FakeLog(), numbered(20, size=100_000)
    feed = make(log, 1)
    fill(feed, log, contents, 1)

    chunk = feed.next_chunk(0)

    assert chunk is not None
    assert len(chunk.ids) == 2
    assert drain(feed, 0) == b"".join(frames_of("", contents))


def test_what_memory_holds_is_not_read_again() -> None:
    log = FakeLog()
    feed = make(log, LARGE)
    fill(feed, log, numbered(1000))

    drain(feed, 0)

    assert log.history_reads == []


def test_clients_at_the_same_place_share_one_read() -> None:
    log, feed = behind(600)

    received = {drain(feed, 0) for _ in range(5)}

    assert len(received) == 1
    assert len(log.history_reads) == len(set(log.history_reads)) == 4


def test_only_a_few_pages_are_kept() -> None:
    log, feed = behind((PAGES + 2) * PART_MESSAGES)
    places = range(0, (PAGES + 1) * PART_MESSAGES, PART_MESSAGES)
    cursors = [parse_id(log.messages[at][0]) for at in places]

    for cursor in [*cursors, cursors[-1], cursors[0]]:
        feed.next_chunk(cursor)

    assert log.history_reads == [*cursors, cursors[0]]


def test_who_is_behind_at_a_place_near_by_shares_the_page() -> None:
    log, feed = behind(600)
    first, second = (parse_id(log.messages[at][0]) for at in (3, 3 + FIRST_MESSAGES - 1))
    page = feed.next_chunk(first)

    assert feed.next_chunk(second) is page
    assert log.history_reads == [first]


def test_what_the_log_has_forgotten_is_a_gap() -> None:
    log = FakeLog()
    feed = make(log, 1)
    fill(feed, log, numbered(600))
    log.forgotten = parse_id(log.messages[9][0])

    with pytest.raises(Gap):
        feed.next_chunk(0)
    assert feed.next_chunk(log.forgotten) is not None


def test_what_memory_holds_is_no_gap_whatever_the_log_forgets() -> None:
    log = FakeLog()
    feed = make(log, LARGE)
    fill(feed, log, numbered(600))
    log.forgotten = log.last_id()

    assert feed.next_chunk(0) is not None


def test_without_redis_the_window_still_serves() -> None:
    log = FakeLog()
    feed = make(log, 1)
    fill(feed, log, numbered(600))
    log.fault = QueueUnavailable("gone")

    with pytest.raises(QueueUnavailable):
        feed.next_chunk(0)
    assert feed.next_chunk(parse_id(log.messages[550][0])) is not None


def test_a_log_that_has_lost_its_messages_is_a_gap() -> None:
    """A Redis that came back empty knows of nothing that it has forgotten."""
    log = FakeLog()
    feed = make(log, 1)
    fill(feed, log, numbered(600))
    log.messages.clear()

    with pytest.raises(Gap):
        feed.next_chunk(0)


def test_a_page_of_a_log_that_is_lost_meanwhile_is_not_kept() -> None:
    log = FakeLog()
    feed = make(log, 1)
    fill(feed, log, numbered(600))
    log.gate.clear()
    reading = gevent.spawn(feed.next_chunk, 0)
    log.waited_for.wait(60)

    feed.rewind(Mark("e2", feed.head))
    log.gate.set()  # What it reads is still of the old one.
    reading.join(60)
    log.epoch = "e2"
    feed.next_chunk(0)

    assert log.history_reads == [0, 0]


@pytest.mark.parametrize("channels", [frozenset[str](), frozenset(["a"])])
def test_messages_that_came_after_a_loss_are_not_taken_for_those_of_the_same_ids(
    channels: frozenset[str],
) -> None:
    log = FakeLog()
    feed = make(log, 1)
    page = log.write(*numbered(600), recipients=[("b",)] * 600)
    feed.skip(page.last)
    chunk = feed.next_chunk(0, channels)  # From now on, Redis is told to pick.
    assert chunk is not None
    log.lose(0)
    log.write(*numbered(600))

    with pytest.raises(QueueUnavailable):
        feed.next_chunk(chunk.upto, channels)
    feed.rewind(Mark(log.epoch, page.last))
    assert drain(feed, 0) == b"".join(frames_of("", numbered(600)))


# The window

GAP = 3  # Ids are not consecutive numbers in Redis either.


class Ids(list[bytes]):
    """A list that can be watched as it goes."""


def chunk(after: int, frames: list[bytes]) -> Chunk:
    """A chunk whose messages have the ids after + 3, + 6, ..."""
    ids = Ids(format_id(after + GAP * (at + 1)) for at in range(len(frames)))
    upto = parse_id(ids[-1])
    return Chunk(after, upto, b"".join(frames), ids, array("Q", accumulate(map(len, frames))))


def test_an_empty_window_has_nothing_and_starts_at_the_head() -> None:
    window = Window()

    assert (len(window), window.find(0), window.find(7), window.start(7)) == (0, None, None, 7)


def test_every_cursor_finds_the_chunk_that_has_what_follows_it() -> None:
    window = Window()
    chunks = [chunk(after, [b"a", b"b"]) for after in range(100, 160, 6)]
    for each in chunks:
        window.add(each)

    for cursor in range(90, 170):
        found = window.find(cursor)
        if 100 <= cursor < 160:
            assert found is not None
            assert found.after <= cursor < found.upto
        else:
            assert found is None
    assert window.start(160) == 100


def test_however_many_chunks_pass_those_that_are_left_end_at_the_head() -> None:
    window = Window()

    for after in range(0, 6000, 6):
        window.add(chunk(after, [b"x" * 50] * 2))
        head = after + 6
        if len(window) > 10:
            assert window.forget_oldest().after == head - 66
        assert len(window) == min(10, head // 6)
        assert window.memory.used == len(window) * chunk(0, [b"x" * 50] * 2).cost
        start = window.start(head)
        assert start == head - 6 * len(window)
        assert window.find(start - 1) is None
        assert window.find(head) is None
        assert all(window.find(cursor) is not None for cursor in range(start, head))


def test_what_the_window_has_forgotten_is_freed_at_once() -> None:
    large = chunk(0, [b"x" * 10_000])
    window = Window()
    memory = weakref.ref(large.ids)
    window.add(large)
    del large
    for after in range(3, 3 + 30 * GAP, GAP):
        window.add(chunk(after, [b"x"]))

    window.forget_oldest()

    assert window.find(0) is None
    assert memory() is None
