"""Frames as bytes: RFC 6455 sections 5.2, 5.5 and 8.1."""

import pytest

from ws_server.wire.frames import BINARY, PING, close_frame, frame


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
