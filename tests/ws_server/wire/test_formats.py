"""All formats, by their names."""

import pytest

from common.message import Mark
from tests.support.events import fields_of_events
from ws_server.wire.formats import all_formats

MARK = Mark("e1", (1764000000123 << 64) + 7)
FORMATS = all_formats("> ")


def test_bytes_are_binary_in_frames_and_text_in_events() -> None:
    assert FORMATS["text"].reply(b"\xff") == b"\x82\x01\xff"
    assert fields_of_events(FORMATS["text-events"].reply(b"\xff")) == [{"data": ["\ufffd"]}]


@pytest.mark.parametrize(
    "text", ["", "e1", "e1-1", "E1-1-0", "e1-1-0-", "e1-x-0", "e1-1-0\n", "é-1-0"]
)
def test_no_other_text_is_taken_for_a_mark(text: str) -> None:
    assert Mark.parse(text) is None


def test_a_mark_survives_the_way_to_the_client_and_back() -> None:
    assert Mark.parse(str(MARK)) == MARK
