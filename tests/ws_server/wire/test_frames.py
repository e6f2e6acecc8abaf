"""Frames as bytes (RFC 6455 sections 5.2, 5.5 and 8.1), and the formats that are made of them."""

import json

import pytest

from common.message import Mark
from common.page import Page
from ws_server.wire.frames import BINARY, PING, JsonFrames, TextFrames, close_frame, frame

MARK = Mark("e1", (1764000000123 << 64) + 7)
IDS = [b"1764000000123-0", b"1764000000456-12"]


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x82\x00"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65535, b"\x82\x7e\xff\xff"),
        (65536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_length_takes_as_few_bytes_as_it_can(size: int, head: bytes) -> None:
    assert frame(BINARY, b"x" * size) == head + b"x" * size


def test_a_control_frame_is_final_and_not_masked() -> None:
    assert frame(PING, b"hi") == b"\x89\x02hi"


def test_a_close_frame_carries_code_and_reason() -> None:
    assert close_frame(1001, "bye") == b"\x88\x05\x03\xe9bye"
    assert close_frame(4000) == b"\x88\x02\x0f\xa0"


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("x" * 123, "x" * 123),
        ("x" * 124, "x" * 123),
        ("息" * 41, "息" * 41),  # 123 bytes.
        ("x" + "息" * 41, "x" + "息" * 40),  # The last would end at byte 124.
    ],
)
def test_a_long_reason_is_cut_between_two_characters(reason: str, kept: str) -> None:
    made = close_frame(1000, reason)

    assert made[2:] == (1000).to_bytes(2) + kept.encode()
    assert made[1] == len(made) - 2 <= 125


@pytest.mark.parametrize("code", [-1, 999, 1004, 1005, 1006, 1015, 5000, 65536])
def test_a_code_that_may_not_be_sent_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match=f"{code} is no close code"):
        close_frame(code)


# Formats


def frames_of(prefix: str, contents: list[bytes]) -> list[bytes]:
    return TextFrames(prefix).messages("", Page([], contents))


def bodies(frames: list[bytes]) -> list[object]:
    """The JSON of short text frames."""
    return [json.loads(frame[frame.index(b"{") :]) for frame in frames]


@pytest.mark.parametrize(("content", "head"), [(124, b"\x81\x7d"), (125, b"\x81\x7e\x00\x7e")])
def test_the_length_of_a_text_frame_counts_the_prefix(content: int, head: bytes) -> None:
    assert frames_of(">", [b"x" * content]) == [head + b">" + b"x" * content]


def test_each_message_is_a_frame_of_its_own() -> None:
    assert frames_of("中: ", [b"one", "二".encode(), b""]) == [
        b"\x81\x08" + "中: one".encode(),
        b"\x81\x08" + "中: 二".encode(),
        b"\x81\x05" + "中: ".encode(),
    ]


def test_json_frames_have_id_content_and_time() -> None:
    contents = [b'say "hi"\n', "消息 \u2028 😀".encode()]
    frames = JsonFrames().messages("e1", Page(IDS, contents))

    assert bodies(frames) == [
        {"id": f"e1-{id_.decode()}", "channel": None, "content": content.decode(), "time": time}
        for id_, content, time in zip(IDS, contents, (1764000000123, 1764000000456), strict=True)
    ]


def test_json_frames_say_what_is_no_message_by_its_type() -> None:
    form = JsonFrames()
    notice = form.gap(MARK, "e1-1-0", "lost")
    assert notice is not None

    assert bodies([form.welcome(MARK, frozenset(), complete=False), notice]) == [
        {"type": "welcome", "id": "e1-1764000000123-7", "complete": False, "channels": []},
        {"type": "gap", "id": "e1-1764000000123-7", "after": "e1-1-0", "reason": "lost"},
    ]
