"""Messages as Socket.IO's events."""

import json
from typing import Any

import pytest

from common.json_content import JsonBytes
from common.message import Mark
from common.page import Page
from ws_server.socketio.frames import TAKEN, Opening, SocketFrames, SocketFrames3
from ws_server.wire.close_codes import GOING_AWAY, KICKED, REVOKED
from ws_server.wire.frames import PING, TEXT, close_frame, frame

FRAMES = SocketFrames()
AT = Mark("1a", 5 << 64)
NOBODY = frozenset[str]()


def packet_of(told: bytes) -> tuple[str, Any]:
    text = (told[2:] if told[1] < 126 else told[4:]).decode()
    return text[:2], json.loads(text[2:])


def test_a_message_is_an_event_with_its_content_and_its_id() -> None:
    contents = ['a "é"'.encode(), JsonBytes(b'{"b":1}'), b"\xff"]
    page = Page([b"1-0", b"2-0", b"3-1"], contents, events=[b'n"', b"", b"price"])

    assert list(map(packet_of, FRAMES.messages("1a", page))) == [
        ("42", ['n"', 'a "é"', "1a-1-0"]),
        ("42", ["message", {"b": 1}, "1a-2-0"]),
        ("42", ["price", "\ufffd", "1a-3-1"]),
    ]


def test_without_names_of_events_each_is_a_message() -> None:
    assert FRAMES.messages("1a", Page([b"1-0"], [b"a"])) == [
        frame(TEXT, b'42["message","a","1a-1-0"]')
    ]


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_no_push_can_be_taken_for_what_the_library_says_of_itself(name: str) -> None:
    (told,) = FRAMES.messages("1a", Page([b"1-0"], [b"a"], events=[name.encode()]))

    assert packet_of(told)[1][0] == "message"


def test_who_misses_nothing_is_told_the_same_session_again() -> None:
    def pid(*, complete: bool, session: str) -> str:
        told = FRAMES.welcome(AT, NOBODY, complete=complete, connection="1.2", session=session)
        kind, fields = packet_of(told)
        assert (kind, fields["sid"]) == ("40", "1.2")
        return str(fields["pid"])

    assert pid(complete=True, session="mine~~1-1-0") == "mine~~1-1-0"
    assert (
        pid(complete=False, session="mine~~1-1-0")
        == pid(complete=True, session="")
        == "1.2~~1a-5-0"
    )


def test_a_gap_moves_the_place() -> None:
    told = FRAMES.gap(AT, "1a-1-0", "too_old")

    assert told is not None
    fields = {"id": "1a-5-0", "after": "1a-1-0", "reason": "too_old"}
    assert packet_of(told)[1] == ["message-center:gap", fields, "1a-5-0"]


def test_what_a_hook_says_moves_no_place() -> None:
    assert packet_of(FRAMES.reply("hello"))[1] == ["message", "hello", None]
    assert packet_of(FRAMES.reply(b"hello"))[1] == ["message", "hello", None]
    assert packet_of(FRAMES.answer("error", {"a": 1}))[1] == [
        "message-center:error",
        {"a": 1},
        None,
    ]


def test_a_ping_is_one_of_engine_io_and_asks_to_confirm() -> None:
    cursor = frame(TEXT, b'42["message-center:cursor",{},"1a-5-0"]')

    assert FRAMES.ping() == frame(TEXT, b"2")
    assert FRAMES.ping(AT) == cursor + frame(TEXT, b"2")
    assert FRAMES.ping(AT, AT) == cursor + frame(TEXT, b"2") + frame(PING, b"1a-5-0")
    assert FRAMES.ping(confirm=AT) == frame(PING, b"1a-5-0")


def test_so_many_bytes_of_messages_are_followed_by_a_ping() -> None:
    page = Page([b"%d-0" % number for number in range(1, 400)], [b"x" * 1000] * 399)
    ping = frame(TEXT, b"2")

    frames = SocketFrames().messages("1a", page)
    older = SocketFrames3(Opening(25, 1000)).messages("1a", page)

    assert [at for at, each in enumerate(frames) if each.endswith(ping)] == [127, 255, 383]
    assert [each.removesuffix(ping) for each in frames] == older


@pytest.mark.parametrize("close", [KICKED, REVOKED])
def test_who_is_thrown_out_is_told_so_that_it_does_not_come_back(close: Any) -> None:
    assert FRAMES.farewell(close) == frame(TEXT, b"41") + close_frame(close.code, close.reason)


def test_others_come_back() -> None:
    assert FRAMES.farewell(GOING_AWAY) == close_frame(1001, "the server stops")


def test_in_version_3_the_client_pings_and_has_the_opening_with_the_welcome() -> None:
    frames = SocketFrames3(Opening(25, 1000))

    told = frames.welcome(AT, NOBODY, complete=True, connection="1.2", session="")

    opening, entered = told[:-4], told[-4:]
    assert json.loads(opening[opening.index(b"{") :]) == {
        "sid": "1.2",
        "upgrades": [],
        "pingInterval": 25_000,
        "pingTimeout": 45_000,
        "maxPayload": 1000,
    }
    assert entered == frame(TEXT, b"40")
    assert frames.ping(AT, AT) == frame(PING, b"1a-5-0")
