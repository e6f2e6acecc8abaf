"""What is sent in each format, byte for byte."""

import json

import pytest

from common.message import Mark
from common.page import Page
from ws_server.wire.close_codes import GOING_AWAY
from ws_server.wire.formats import TextFrames, all_formats

MARK = Mark("e1", (1764000000123 << 64) + 7)
IDS = [b"1764000000123-0", b"1764000000456-12"]
FORMATS = all_formats("> ")


def frames_of(prefix: str, contents: list[bytes]) -> list[bytes]:
    return TextFrames(prefix).messages("", Page([], contents))


def bodies(frames: list[bytes]) -> list[object]:
    """The JSON of short text frames."""
    return [json.loads(frame[frame.index(b"{") :]) for frame in frames]


def events(stream: bytes) -> list[dict[str, list[str]]]:
    """As WHATWG HTML 9.2.6 reads a stream: the fields of each event."""
    found = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        found.append(fields)
    return found


@pytest.mark.parametrize(("content", "head"), [(124, b"\x81\x7d"), (125, b"\x81\x7e\x00\x7e")])
def test_the_length_of_a_text_frame_counts_the_prefix(content: int, head: bytes) -> None:
    assert frames_of(">", [b"x" * content]) == [head + b">" + b"x" * content]


def test_each_message_is_a_frame_of_its_own() -> None:
    assert frames_of("中: ", [b"one", "二".encode(), b""]) == [
        b"\x81\x08" + "中: one".encode(),
        b"\x81\x08" + "中: 二".encode(),
        b"\x81\x05" + "中: ".encode(),
    ]


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
    assert frames_of("", [content]) == [bytes([0x81, len(text)]) + text]


def test_json_frames_have_id_content_and_time() -> None:
    contents = [b'say "hi"\n', "消息 \u2028 😀".encode()]
    frames = FORMATS["json"].messages("e1", Page(IDS, contents))

    assert bodies(frames) == [
        {"id": f"e1-{id_.decode()}", "channel": None, "content": content.decode(), "time": time}
        for id_, content, time in zip(IDS, contents, (1764000000123, 1764000000456), strict=True)
    ]


def test_json_frames_say_what_is_no_message_by_its_type() -> None:
    form = FORMATS["json"]
    notice = form.gap(MARK, "e1-1-0", "lost")
    assert notice is not None

    assert bodies([form.welcome(MARK, frozenset(), complete=False), notice]) == [
        {"type": "welcome", "id": "e1-1764000000123-7", "complete": False, "channels": []},
        {"type": "gap", "id": "e1-1764000000123-7", "after": "e1-1-0", "reason": "lost"},
    ]


@pytest.mark.parametrize(
    "content", ["one line", "two\nlines", "three\r\nof\rthem", "", "\n", " blank"]
)
def test_text_events_carry_every_line(content: str) -> None:
    (event,) = events(FORMATS["text-events"].messages("e1", Page(IDS[:1], [content.encode()]))[0])

    lines = content.replace("\r\n", "\n").replace("\r", "\n")
    assert event["id"] == ["e1-1764000000123-0"]
    assert "\n".join(event["data"]) == "> " + lines


def test_json_events_carry_content_as_it_is() -> None:
    content = "three\r\nof\rthem"
    (event,) = events(FORMATS["json-events"].messages("e1", Page(IDS[:1], [content.encode()]))[0])

    assert event["id"] == ["e1-1764000000123-0"]
    assert json.loads(event["data"][0])["content"] == content


def test_what_is_no_message_is_an_event_with_a_name() -> None:
    form = FORMATS["text-events"]
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
    form = FORMATS["text-events"]
    welcomes = [form.welcome(MARK, frozenset(), complete=True) for _ in range(50)]

    assert len({events(welcome)[0]["retry"][0] for welcome in welcomes}) > 5


def test_a_ping_of_events_is_no_event_and_their_farewell_is_the_end() -> None:
    form = FORMATS["json-events"]

    assert form.ping() == b":\n\n"
    assert form.farewell(GOING_AWAY) == b""


def test_bytes_are_binary_in_frames_and_text_in_events() -> None:
    assert FORMATS["text"].reply(b"\xff") == b"\x82\x01\xff"
    assert events(FORMATS["text-events"].reply(b"\xff")) == [{"data": ["\ufffd"]}]


@pytest.mark.parametrize(
    "text", ["", "e1", "e1-1", "E1-1-0", "e1-1-0-", "e1-x-0", "e1-1-0\n", "é-1-0"]
)
def test_no_other_text_is_taken_for_a_mark(text: str) -> None:
    assert Mark.parse(text) is None


def test_a_mark_survives_the_way_to_the_client_and_back() -> None:
    assert Mark.parse(str(MARK)) == MARK
