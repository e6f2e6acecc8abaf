"""Pieces in which a message has a frame for each of its channels."""

from common.page import Page
from tests.support.pusher_talk import APPS
from ws_server.log.by_channel import ByChannel, maker_of
from ws_server.log.cache import Memory
from ws_server.log.chunk import Chunk
from ws_server.pusher.frames import PusherFrames, shown_by

FRAMES = PusherFrames(shown_by(APPS))
NAMES = [("a", "b", "c"), ("b",), (), ("c", "a")]
PAGE = Page([b"1-0", b"2-0", b"3-0", b"4-0"], [b"1", b"2", b"3", b"4"], list(NAMES))


def one(name: str, content: bytes) -> bytes:
    (frame,) = FRAMES.messages("e", Page([content + b"-0"], [content]), [name])
    return frame


def test_a_listener_gets_a_frame_for_each_of_its_channels() -> None:
    piece = maker_of(FRAMES)(FRAMES, "e", 0, 4 << 64, PAGE)
    assert isinstance(piece, ByChannel)

    for _ in range(2):
        chunk = piece.select(frozenset(["a", "c"]))
        assert chunk.data == one("a", b"1") + one("c", b"1") + one("c", b"4") + one("a", b"4")
        assert piece.select(frozenset("b")).data == one("b", b"1") + one("b", b"2")


def test_what_it_takes_is_counted() -> None:
    piece, memory = ByChannel(FRAMES, "e", 0, 4 << 64, PAGE), Memory()
    piece.keep_in(memory)
    before = memory.used

    piece.select(frozenset("a"))

    assert memory.used > before
    piece.drop_from(memory)
    assert memory.used == 0


def test_a_place_in_the_middle_is_found_again() -> None:
    piece = ByChannel(FRAMES, "e", 0, 4 << 64, PAGE)
    chunk = piece.select(frozenset(["a", "b", "c"]))

    for sent in range(len(chunk.data)):
        place = chunk.cut(sent)
        rest = chunk.data[chunk.start_after(place.cursor) + place.skip :]
        assert place.rest + rest == chunk.data[sent:]


def test_of_what_is_for_everybody_there_is_nothing() -> None:
    piece = maker_of(FRAMES)(FRAMES, "e", 0, 1 << 64, Page([b"1-0"], [b"1"]))

    assert isinstance(piece, Chunk)
    assert piece.data == b""
