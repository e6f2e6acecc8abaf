"""Messages as Pusher's events."""

import json

from common.json_content import JsonBytes
from common.message import Mark
from common.page import Page
from tests.support.pusher_talk import APPS
from ws_server.pusher.close_codes import UNKNOWN_APP
from ws_server.pusher.frames import PusherFrames, shown_by
from ws_server.wire.close_codes import GOING_AWAY
from ws_server.wire.frames import close_frame

FRAMES = PusherFrames(shown_by(APPS))


def event_of(frame: bytes) -> object:
    return json.loads(frame[2:] if frame[1] < 126 else frame[4:])


def test_a_message_is_an_event_on_a_channel() -> None:
    page = Page([b"1-0", b"2-0"], ['a "é"'.encode(), JsonBytes(b'{"b":1}')], events=[b'n"', b""])

    first, second = FRAMES.messages("e", page, ["news", "two:orders"])

    assert event_of(first) == {"event": 'n"', "channel": "news", "data": 'a "é"', "id": "e-1-0"}
    assert event_of(second) == {
        "event": "message",
        "channel": "orders",
        "data": '{"b":1}',
        "id": "e-2-0",
    }


def test_a_message_to_a_user_is_on_the_channel_of_the_user() -> None:
    names = ["user:42", "user:two:42"]
    page = Page([b"1-0", b"2-0"], [b"a", b"b"])

    channels = [json.loads(each[2:])["channel"] for each in FRAMES.messages("e", page, names)]

    assert channels == ["#server-to-user-42"] * 2


def test_there_is_nothing_for_what_is_on_no_channel_of_theirs() -> None:
    page = Page([b"1-0"] * 3, [b"a"] * 3)

    assert FRAMES.messages("e", page) == [b""] * 3
    assert FRAMES.messages("e", page, [None, "", "some:body"]) == [b""] * 3


def test_what_is_no_utf8_does_not_break_the_frame() -> None:
    (frame,) = FRAMES.messages("e", Page([b"1-0"], [b"\xff"], events=[b"a\xff"]), ["news"])

    assert event_of(frame) == {
        "event": "a\ufffd",
        "channel": "news",
        "data": "\ufffd",
        "id": "e-1-0",
    }


def test_a_close_says_its_code_twice() -> None:
    told = FRAMES.farewell(GOING_AWAY)

    assert told.endswith(close_frame(4100, "the server stops"))
    assert b'"code":4100' in told
    assert FRAMES.farewell(UNKNOWN_APP).endswith(close_frame(4001, UNKNOWN_APP.reason))


def test_a_gap_is_an_event_of_no_channel() -> None:
    told = FRAMES.gap(Mark("e", 1 << 64), None, "too old")

    assert told is not None
    assert b'"message-center:gap"' in told
    assert FRAMES.welcome(Mark("e", 1), frozenset(), complete=True) == b""


def test_who_comes_and_goes_and_what_members_send_is_told_on_their_channel() -> None:
    contents = [b'{"user_id":"1"}', b'{"user_id":"1"}', '{"user_id":"é","data":"x"}'.encode()]
    contents.append(b'{"user_id":-7,"data":""}')
    events = [b"joined", b"left", b"client-x", b"client-y"]
    page = Page([b"1-0"] * 4, contents, events=events)

    told = [event_of(each) for each in FRAMES.messages("e", page, ["members:presence-a"] * 4)]

    on = {"channel": "presence-a"}
    assert told == [
        {"event": "pusher_internal:member_added", **on, "data": '{"user_id":"1"}'},
        {"event": "pusher_internal:member_removed", **on, "data": '{"user_id":"1"}'},
        {"event": "client-x", **on, "data": "x", "user_id": "é", "id": "e-1-0"},
        {"event": "client-y", **on, "data": "", "user_id": -7, "id": "e-1-0"},
    ]


def test_what_else_is_pushed_to_members_is_for_nobody() -> None:
    contents = [b"{", b"[]", b"{}", b'{"user_id":1.5,"data":"x"}', b'{"user_id":"1","data":2}']
    contents.append(b"[" * 5000 + b"]" * 5000)
    page = Page([b"1-0"] * 6, contents, events=[b"client-x"] * 6)

    assert FRAMES.messages("e", page, ["members:presence-a"] * 6) == [b""] * 6
