"""Cursor arithmetic in a chunk, and the window of the recent chunks."""

import weakref
from array import array
from itertools import accumulate

import pytest

from common.message import format_id, parse_id
from ws_server.log.window import KEPT_REST, Chunk, Place, Window

GAP = 3  # Ids are not consecutive numbers in Redis either.


class Ids(list[bytes]):
    """A list that can be watched as it goes."""


def chunk(after: int, frames: list[bytes]) -> Chunk:
    """A chunk whose messages have the ids after + 3, + 6, ..."""
    ids = Ids(format_id(after + GAP * (at + 1)) for at in range(len(frames)))
    upto = parse_id(ids[-1])
    return Chunk(after, upto, b"".join(frames), ids, array("Q", accumulate(map(len, frames))))


FRAMES = [b"aa", b"bbbbb", b"cc", b"ddd"]


LONG = [b"aa", b"b" * 3 * KEPT_REST, b"cc", b"d" * 2 * KEPT_REST]


@pytest.mark.parametrize("frames", [FRAMES, LONG])
def test_wherever_a_socket_stops_its_place_and_what_follows_make_up_the_data(
    frames: list[bytes],
) -> None:
    whole = chunk(100, frames)

    for sent in range(len(whole.data)):
        place = whole.cut(sent)
        follows = whole.data[whole.start_after(place.cursor) + place.skip :]
        assert whole.data[:sent] + place.rest + follows == whole.data


@pytest.mark.parametrize("frames", [[b"aa"], FRAMES, LONG, [b"x" * 9] * 50])
def test_a_cut_keeps_less_than_a_frame_and_little_of_a_long_one(frames: list[bytes]) -> None:
    whole = chunk(0, frames)

    places = [whole.cut(sent) for sent in range(len(whole.data))]

    assert all(len(place.rest) < max(map(len, frames)) for place in places)
    assert all(len(place.rest) <= KEPT_REST for place in places)
    clean = [place for place in places if not place.rest and not place.skip]
    assert len(clean) == len(frames)  # At the start of each.


def test_nothing_sent_leaves_the_cursor_before_the_chunk() -> None:
    assert chunk(100, FRAMES).cut(0) == Place(100)


def test_a_cursor_between_two_ids_starts_at_the_later_one() -> None:
    whole = chunk(100, FRAMES)

    starts = [whole.start_after(cursor) for cursor in range(98, 114)]

    assert starts == [0] * 5 + [2] * 3 + [7] * 3 + [9] * 3 + [12] * 2


def test_ids_sort_as_redis_sorts_them() -> None:
    ids = [b"9-0", b"9-10", b"10-0"]
    whole = Chunk(0, parse_id(ids[-1]), b"abc", ids, array("Q", [1, 2, 3]))

    assert [whole.start_after(parse_id(each)) for each in (b"9-0", b"9-9", b"9-10")] == [1, 1, 2]


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
