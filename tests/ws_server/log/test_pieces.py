"""Pieces of which each audience gets its own chunk."""

import json
import tracemalloc

import pytest

from common.message import format_id, parse_id
from common.page import Page
from tests.support.reading import frames_of
from ws_server.log.pieces import Mixed
from ws_server.wire.formats import Format
from ws_server.wire.frames import JsonFrames, TextFrames

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
