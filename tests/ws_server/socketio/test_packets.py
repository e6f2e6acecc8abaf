"""What a client says, as packets."""

import pytest

from ws_server.socketio.packets import (
    Broken,
    Bye,
    Enter,
    Event,
    Nothing,
    Packet,
    Ping,
    event,
    no_namespace,
    packet,
    parse_packet,
    refusal,
)
from ws_server.wire.frames import TEXT, frame


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2", Ping("")),
        ("2probe", Ping("probe")),
        ("3", Nothing()),
        ("1", Bye()),
        ("41", Bye()),
        ("41/admin,", Nothing()),
        ("40", Enter("/", {})),
        ('40{"token":"a"}', Enter("/", {"token": "a"})),
        ('40/admin,{"token":"a"}', Enter("/admin", {"token": "a"})),
        ("40/admin?a=1,", Enter("/admin", {})),
        ('42["chat",1,{"a":[2]}]', Event("chat", (1, {"a": [2]}), None)),
        ('4212["chat"]', Event("chat", (), "12")),
        ('42/admin,["chat"]', Nothing()),
        ("437[]", Nothing()),
    ],
)
def test_a_packet_is_read(text: str, found: Packet) -> None:
    assert parse_packet(text) == found


WRONG = ["", "4", "abc", "42", "42{}", "42[]", "42[7]", "42[", '42abc["a"]', "40[]", "40{", "49"]
BINARY = [b"42", '451-["a",{"_placeholder":true,"num":0}]']


@pytest.mark.parametrize("said", [*WRONG, *BINARY, "42" + "[" * 100_000])
def test_what_is_no_packet_is_broken(said: str | bytes) -> None:
    assert isinstance(parse_packet(said), Broken)


def test_an_event_of_ours_ends_in_no_text_that_is_no_place() -> None:
    assert event("a", "text") == frame(TEXT, b'42["a","text",null]')
    assert event("a", {}, "1a-1-0") == frame(TEXT, b'42["a",{},"1a-1-0"]')


def test_a_refusal_says_why() -> None:
    told = b'44{"message":"why","data":{"error":"bad_token"}}'

    assert refusal("why", "bad_token") == frame(TEXT, told)
    assert no_namespace("/a") == frame(TEXT, b'44/a,{"message":"Invalid namespace"}')
    assert packet("3probe") == frame(TEXT, b"3probe")
