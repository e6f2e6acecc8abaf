"""Cursor arithmetic in a chunk, and pieces of which each audience gets its own chunk."""

import json
import tracemalloc
from array import array
from itertools import accumulate

import pytest

from common.message import format_id, parse_id
from common.page import Page
from tests.support.reading import frames_of
from ws_server.log.pieces import KEPT_REST, Chunk, Mixed, Place
from ws_server.wire.formats import Format
from ws_server.wire.frames import JsonFrames, TextFrames

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


# Of which not everything is for everybody

RECIPIENTS = [(), ("a",), ("user:1", "user:2"), ("a.b",), ()]
IDS = [format_id(number << 64) for number in range(1, 6)]


def mixed(form: Format) -> Mixed:
    page = Page(IDS, [b"%d" % number for number in range(1, 6)], RECIPIENTS)
    return Mixed(form, "e", 0, parse_id(IDS[-1]), page)


def rows(wanted: list[str]) -> list[tuple[str, str | None]]:
    chunk = mixed(JsonFrames()).select(frozenset(wanted))
    bodies = [json.loads(payload) for _, payload in frames_of(chunk.data)]
    return [(body["content"], body["channel"]) for body in bodies]


def test_a_chunk_has_what_is_for_its_audience_and_covers_the_whole_piece() -> None:
    chunk = mixed(TextFrames("")).select(frozenset(["a"]))

    assert [payload for _, payload in frames_of(chunk.data)] == [b"1", b"2", b"5"]
    assert chunk.ids == [IDS[0], IDS[1], IDS[4]]
    assert list(chunk.ends) == [3, 6, 9]
    assert (chunk.after, chunk.upto) == (0, 5 << 64)


def test_who_listens_to_nothing_of_it_may_get_an_empty_chunk() -> None:
    page = Page(IDS[:1], [b"x"], [("a",)])
    piece = Mixed(TextFrames(""), "e", 0, 1 << 64, page)

    assert piece.select(frozenset()).data == b""


def test_a_message_comes_under_the_name_that_brings_it_and_no_other() -> None:
    assert rows(["user:2"]) == [("1", None), ("3", "user:2"), ("5", None)]
    assert rows(["user:1"]) == [("1", None), ("3", "user:1"), ("5", None)]
    assert rows(["a.*", "a"]) == [("1", None), ("2", "a"), ("4", "a.b"), ("5", None)]


def test_an_event_stays_with_its_message_under_each_of_its_names() -> None:
    events = [b"e%d" % number for number in range(5)]
    page = Page(IDS, [b"x"] * 5, RECIPIENTS, events=events)
    piece = Mixed(JsonFrames(), "e", 0, parse_id(IDS[-1]), page)

    for user in ("user:1", "user:2"):
        bodies = [json.loads(body) for _, body in frames_of(piece.select(frozenset([user])).data)]
        assert [body["event"] for body in bodies] == ["e0", "e2", "e4"]


@pytest.mark.parametrize("place", range(5))
def test_it_has_all_ids_whoever_they_are_for(place: int) -> None:
    assert mixed(TextFrames("")).has(parse_id(IDS[place]))


def test_it_has_no_other_ids() -> None:
    assert not mixed(TextFrames("")).has(6 << 64)


def test_a_frame_is_encoded_once_for_all_audiences() -> None:
    class Counting(TextFrames):
        encoded = 0

        def messages(self, epoch: str, page: Page, names: object = None) -> list[bytes]:
            self.encoded += len(page.ids)
            return super().messages(epoch, page)

    form = Counting("")
    piece = mixed(form)

    for wanted in (["a"], ["a", "b"], ["user:1"], ["user:2"], []):
        piece.select(frozenset(wanted))

    assert form.encoded == 5


def test_a_message_to_many_is_counted_with_its_names_and_kept_under_few() -> None:
    names = tuple(f"user:{number}" for number in range(1000))
    page = Page([b"1-0"], [b"x" * 10_000], [names])
    piece = Mixed(JsonFrames(), "e", 0, 1 << 64, page)

    frames = [piece.select(frozenset([name])).data for name in names]

    assert all(name.encode() in frame for name, frame in zip(names, frames, strict=True))
    tracemalloc.start()
    for name in names:
        piece.select(frozenset([name]))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < piece.cost
    assert piece.cost > 100 * len(names)


def test_the_first_name_that_brings_a_message_is_shown() -> None:
    names = ("z.b", "a", "user:1")
    page = Page([b"1-0"], [b"x"], [names])
    piece = Mixed(JsonFrames(), "e", 0, 1 << 64, page)

    def shown(*wanted: str) -> str:
        (_, payload), *_ = frames_of(piece.select(frozenset(wanted)).data)
        return str(json.loads(payload)["channel"])

    assert shown("a", "z.*") == "z.b"
    assert shown("a", "user:1") == "a"
    assert shown("user:1") == "user:1"
