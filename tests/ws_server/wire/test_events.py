"""What an EventSource is sent, byte for byte."""

import json

import pytest

from common.message import Mark
from common.page import Page
from tests.support.events import fields_of_events as events
from ws_server.wire.close_codes import GOING_AWAY
from ws_server.wire.events import JsonEvents, TextEvents

MARK = Mark("e1", (1764000000123 << 64) + 7)
IDS = [b"1764000000123-0", b"1764000000456-12"]


@pytest.mark.parametrize(
    "content", ["one line", "two\nlines", "three\r\nof\rthem", "", "\n", " blank"]
)
def test_text_events_carry_every_line(content: str) -> None:
    (event,) = events(TextEvents("> ").messages("e1", Page(IDS[:1], [content.encode()]))[0])

    lines = content.replace("\r\n", "\n").replace("\r", "\n")
    assert event["id"] == ["e1-1764000000123-0"]
    assert "\n".join(event["data"]) == "> " + lines


def test_json_events_carry_content_as_it_is() -> None:
    content = "three\r\nof\rthem"
    (event,) = events(JsonEvents().messages("e1", Page(IDS[:1], [content.encode()]))[0])

    assert event["id"] == ["e1-1764000000123-0"]
    assert json.loads(event["data"][0])["content"] == content


def test_what_is_no_message_is_an_event_with_a_name() -> None:
    form = TextEvents("> ")
    notice = form.gap(MARK, None, "lost")
    assert notice is not None

    welcome, gap, reply = events(
        form.welcome(MARK, frozenset(), complete=True) + notice + form.reply("a\nb")
    )

    assert (welcome["event"], gap["event"]) == (["welcome"], ["gap"])
    assert welcome["id"] == gap["id"] == [str(MARK)]
    assert 0 < int(welcome["retry"][0]) < 10_000
    assert json.loads(gap["data"][0]) == {"id": str(MARK), "after": None, "reason": "lost"}
    assert reply == {"data": ["a", "b"]}


def test_not_all_event_sources_come_back_at_the_same_time() -> None:
    form = TextEvents("> ")
    welcomes = [form.welcome(MARK, frozenset(), complete=True) for _ in range(50)]

    assert len({events(welcome)[0]["retry"][0] for welcome in welcomes}) > 5


def test_a_ping_of_events_is_no_event_and_their_farewell_is_the_end() -> None:
    form = JsonEvents()

    assert form.ping() == b":\n\n"
    assert form.farewell(GOING_AWAY) == b""
