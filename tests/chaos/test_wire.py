"""The readers' side of the protocols, and that nothing wrong on the wire passes for a message."""

import json

import pytest

from chaos.content import PREFIX, channel, content, label_of
from chaos.records import Broken, Gap, Lost, Read, Record, Welcome
from chaos.wire import Decoder, Events, WebSocket

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def frame(payload: bytes, first: int = 0x81) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 65536:
        return bytes([first, 126]) + size.to_bytes(2) + payload
    return bytes([first, 127]) + size.to_bytes(8) + payload


def message(label: str, **changed: object) -> str:
    return json.dumps(
        {
            "id": "e-1-1",
            "channel": channel(label),
            "content": content(label),
            "time": 1,
            **changed,
        }
    )


def received(decoder: Decoder, data: bytes, piece: int = 1 << 20) -> list[Record]:
    """All that comes of it, whatever pieces it arrives in."""
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return [record for each in pieces for record in decoder.receive(each)]


LABELS = [f"a.plain-{number}" for number in range(200)]  # Some of them long.


@pytest.mark.parametrize("piece", [7, 1000, 1 << 20])
def test_text_frames_are_messages_without_ids(piece: int) -> None:
    data = b"".join(frame((PREFIX + content(label)).encode()) for label in LABELS)

    records = received(WebSocket(is_json=False), UPGRADED + data, piece)

    assert records == [Read("", label) for label in LABELS]


def test_json_frames_are_messages_and_what_is_told_about_them() -> None:
    said = [
        '{"type":"welcome","id":"e-1-0","complete":true}',
        message("a-1"),
        '{"type":"gap","id":"e-1-9","after":null,"reason":"forgotten"}',
    ]
    data = UPGRADED + b"".join(frame(text.encode()) for text in said)

    records = received(WebSocket(is_json=True), data)

    assert records == [
        Welcome("e-1-0", complete=True),
        Read("e-1-1", "a-1"),
        Gap("e-1-9", "", "forgotten"),
    ]


def test_a_ping_is_answered_and_a_close_is_the_end() -> None:
    decoder = WebSocket(is_json=False)
    close = frame((4008).to_bytes(2) + b"why", 0x88)

    assert received(decoder, UPGRADED + frame(b"hi", 0x89)) == []
    assert decoder.answer()[:2] == b"\x8a\x82"
    assert received(decoder, close) == [Lost("close 4008")]
    assert decoder.answer()[:2] == b"\x88\x82"


@pytest.mark.parametrize("piece", [5, 1 << 20])
def test_events_are_messages_with_ids(piece: int) -> None:
    events = [
        'retry: 1000\nid: e-1-0\nevent: welcome\ndata: {"id":"e-1-0","complete":false}\n\n:\n\n',
        *(
            f"id: e-1-{at}\n" + "".join(f"data: {line}\n" for line in lines(label)) + "\n"
            for at, label in enumerate(LABELS)
        ),
        'id: e-1-9\nevent: gap\ndata: {"id":"e-1-9","after":"e-1-1","reason":"lost"}\n\n',
    ]

    records = received(Events(is_json=False), OK + "".join(events).encode(), piece)

    assert records[0] == Welcome("e-1-0", complete=False)
    assert records[1:-1] == [Read(f"e-1-{at}", label) for at, label in enumerate(LABELS)]
    assert records[-1] == Gap("e-1-9", "e-1-1", "lost")


def lines(label: str) -> list[str]:
    return (PREFIX + content(label)).split("\n")


def test_json_events_carry_the_same_object() -> None:
    data = f"id: e-1-1\ndata: {message('a-1')}\n\n".encode()

    assert received(Events(is_json=True), OK + data) == [Read("e-1-1", "a-1")]


@pytest.mark.parametrize(
    "data",
    [
        frame(b"{}"),
        frame(b"no json"),
        frame(message("a-1", channel="x").encode()),
        frame(message("a-1", more=1).encode()),
        frame(b'{"type":"news"}'),
        frame(b"half", 0x01),
    ],
)
def test_what_no_server_may_send_is_broken(data: bytes) -> None:
    (record,) = received(WebSocket(is_json=True), UPGRADED + data)

    assert isinstance(record, Broken)


def test_an_event_whose_ids_differ_is_broken() -> None:
    (record,) = received(Events(is_json=True), OK + f"id: x\ndata: {message('a-1')}\n\n".encode())

    assert record == Broken("the event x carries e-1-1")


@pytest.mark.parametrize("decoder", [WebSocket(is_json=True), Events(is_json=True)])
def test_a_refusal_ends_it(decoder: Decoder) -> None:
    assert received(decoder, b"HTTP/1.1 503 Unavailable\r\n\r\n{}") == [Lost("status 503")]


def test_a_content_that_was_changed_is_no_label_any_more() -> None:
    assert label_of(content("a-1")) == "a-1"
    assert label_of(content("a-1")[:-1]).startswith("?")
    (record,) = received(WebSocket(is_json=False), UPGRADED + frame(content("a-1").encode()))
    assert isinstance(record, Read)
    assert record.label.startswith("?no prefix")


def test_the_last_id_is_asked_for_in_each_way_that_there_is() -> None:
    asked = [
        WebSocket(is_json=True).request(80, "e-1-1"),
        WebSocket(is_json=True, as_protocol=True).request(80, "e-1-1"),
        Events(is_json=False).request(80, "e-1-1"),
        Events(is_json=True, as_header=False).request(80, "e-1-1"),
    ]

    assert [head.partition(b" HTTP")[0] for head in asked] == [
        b"GET /?channels=chaos.%2A&last_id=e-1-1&format=json",
        b"GET /?channels=chaos.%2A&last_id=e-1-1",
        b"GET /events?channels=chaos.%2A",
        b"GET /events?channels=chaos.%2A&format=json&last_id=e-1-1",
    ]
    assert b"Sec-WebSocket-Protocol: message-center.json\r\n" in asked[1]
    assert b"Last-Event-ID: e-1-1\r\n" in asked[2]
