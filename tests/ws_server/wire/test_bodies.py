"""What is in frames and events."""

import json

import pytest

from common.json_content import JsonBytes
from common.message import Mark
from common.page import Page
from ws_server.wire.bodies import as_json, messages_as_json, valid_utf8, welcome_fields
from ws_server.wire.frames import TextFrames


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"bad \xff.", "bad \ufffd."),
        (b"\xe6\xb6", "\ufffd"),  # The first two bytes of three.
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),  # A surrogate.
        ("\x00 \ufeff \U0001f600".encode(), "\x00 \ufeff \U0001f600"),
    ],
)
def test_what_is_no_utf_8_is_replaced_and_the_rest_untouched(content: bytes, sent: str) -> None:
    text = sent.encode()
    assert valid_utf8(content) == text
    assert TextFrames("").messages("", Page([], [content])) == [bytes([0x81, len(text)]) + text]


def test_a_message_has_the_name_that_it_comes_under_and_the_time_of_its_id() -> None:
    page = Page([b"5-0", b"6-1"], [b"x", b"\xff"])

    rows = [json.loads(body) for body in messages_as_json("e1", page, ["a.b", None])]

    assert rows == [
        {"id": "e1-5-0", "channel": "a.b", "content": "x", "time": 5},
        {"id": "e1-6-1", "channel": None, "content": "\ufffd", "time": 6},
    ]


def test_json_is_a_value_and_text_that_looks_like_it_is_text() -> None:
    text = b'{"a":[1.0]}'
    page = Page([b"5-0", b"6-1"], [text, JsonBytes(text)])

    as_text, as_value = messages_as_json("e1", page, None)

    assert b'"content":"{\\"a\\":[1.0]}","' in as_text
    assert b'"content":{"a":[1.0]},"' in as_value


def test_an_event_is_shown_where_there_is_one() -> None:
    page = Page([b"5-0", b"6-1"], [b"x", b"y"], None, [b"1 p", b""], ['订"\xff'.encode(), b""])

    rows = [json.loads(body) for body in messages_as_json("e1", page, None)]

    assert [row.get("event") for row in rows] == ['订"\xff', None]
    assert [row.get("receipt") for row in rows] == [True, None]
    assert "event" not in rows[1]
    assert TextFrames("").messages("e1", page) == [b"\x81\x01x", b"\x81\x01y"]


def test_a_welcome_has_its_channels_in_order() -> None:
    fields = welcome_fields(Mark("e1", 1 << 64), frozenset(["b", "a"]), "1.2", complete=True)

    assert (
        as_json(fields)
        == b'{"id":"e1-1-0","complete":true,"channels":["a","b"],"connection":"1.2"}'
    )
