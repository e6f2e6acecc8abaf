"""Cursor arithmetic in a chunk."""

from array import array
from itertools import accumulate

import pytest

from common.message import format_id, parse_id
from ws_server.log.chunk import KEPT_REST, Chunk, Place

GAP = 3  # Ids are not consecutive numbers in Redis either.


def chunk(after: int, frames: list[bytes]) -> Chunk:
    """A chunk whose messages have the ids after + 3, + 6, ..."""
    ids = [format_id(after + GAP * (at + 1)) for at in range(len(frames))]
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
