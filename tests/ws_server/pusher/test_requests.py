"""What clients say, from text to requests."""

import json

import pytest

from common.json_content import JsonText
from ws_server.pusher.requests import (
    USUAL_PONG,
    ClientEvent,
    Ping,
    Pong,
    Request,
    SignIn,
    Subscribe,
    Unsubscribe,
    Wrong,
    parse_request,
)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ({"event": "pusher:ping", "data": {}}, Ping()),
        ({"event": "pusher:pong"}, Pong()),
        ({"event": "pusher:pong", "data": ""}, Pong()),
        ({"event": "pusher:subscribe", "data": {"channel": "a"}}, Subscribe("a")),
        ({"event": "pusher:subscribe", "data": '{"channel":"a"}'}, Subscribe("a")),
        (
            {"event": "pusher:subscribe", "data": {"channel": "a", "auth": None}},
            Subscribe("a"),
        ),
        (
            {
                "event": "pusher:subscribe",
                "data": {"channel": "presence-a", "auth": "k:s", "channel_data": "{}"},
            },
            Subscribe("presence-a", "k:s", "{}"),
        ),
        ({"event": "pusher:unsubscribe", "data": {"channel": "a"}}, Unsubscribe("a")),
        (
            {"event": "pusher:signin", "data": {"auth": "k:s", "user_data": "{}"}},
            SignIn("k:s", "{}"),
        ),
        (
            {"event": "client-x", "channel": "a", "data": "text"},
            ClientEvent("client-x", "a", "text"),
        ),
        ({"event": "client-x", "channel": "a", "data": 1}, ClientEvent("client-x", "a", "1")),
        ({"event": "client-x", "channel": "a"}, ClientEvent("client-x", "a", "")),
        ({"event": "somebody:else", "data": {}}, None),
    ],
)
def test_each_message_asks_for_one_thing(said: object, asked: Request | None) -> None:
    assert parse_request(json.dumps(said)) == asked


def test_the_usual_pong_is_one() -> None:
    assert parse_request(USUAL_PONG) == parse_request(USUAL_PONG + " ") == Pong()


def test_an_object_of_a_client_event_travels_as_json() -> None:
    said = json.dumps({"event": "client-x", "channel": "a", "data": {"b": [1, "é"]}})

    asked = parse_request(said)

    assert isinstance(asked, ClientEvent)
    assert asked.content == '{"b":[1,"é"]}'
    assert type(asked.content) is JsonText


DEEP = '{"event":"client-x","channel":"a","data":' + "[" * 60 + "]" * 60 + "}"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{",
        b'{"event":"pusher:ping"}',
        "{}",
        '{"event":1}',
        '{"event":"pusher:subscribe"}',
        '{"event":"pusher:subscribe","data":"["}',
        '{"event":"pusher:subscribe","data":{}}',
        '{"event":"pusher:subscribe","data":{"channel":7}}',
        '{"event":"pusher:subscribe","data":{"channel":"a","auth":7}}',
        '{"event":"pusher:unsubscribe","data":{"channel":null}}',
        '{"event":"pusher:signin","data":{"auth":"k:s"}}',
        '{"event":"client-x"}',
        '{"event":"client-x\\n","channel":"a"}',
        json.dumps({"event": "client-" + "x" * 200, "channel": "a"}),
        DEEP,
        '{"event":"client-x","channel":"a","data":"\\ud800"}',
        '{"event":"pusher:subscribe","data":{"channel":"\\udfff"}}',
        '{"event":"pusher:subscribe","data":"{\\"channel\\":\\"\\\\ud800\\"}"}',
        "[" * 100_000,
    ],
)
def test_what_lacks_something_is_wrong(said: str | bytes) -> None:
    with pytest.raises(Wrong):
        parse_request(said)
