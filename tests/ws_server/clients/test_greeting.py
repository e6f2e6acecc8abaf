"""What a client is sent first, in its format."""

import json

import pytest

from common.page import Page
from tests.support.parts import Parts
from tests.support.reading import frames_of
from tests.support.websocket import TEXT
from ws_server.clients.beginning import AT_THE_HEAD, Beginning
from ws_server.clients.greeting import greeting_for
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen

WAITED = Page([b"1-0", b"2-0"], [b"one", b"two"])


def test_text_has_no_welcome_and_what_waited_comes_first(parts: Parts) -> None:
    connection, _ = parts.connect(listen=Listen(grant=Grant("42")))

    assert greeting_for(connection, AT_THE_HEAD, 9) == b""
    greeting = greeting_for(connection, Beginning(waited=WAITED), 9)
    assert [payload for _, payload in frames_of(greeting or b"")] == [b"one", b"two"]


def test_a_stream_of_events_ends_what_waited_with_its_place(parts: Parts) -> None:
    connection, _ = parts.connect(listen=Listen(grant=Grant("42"), events=True))

    greeting = greeting_for(connection, Beginning(waited=WAITED), 9) or b""

    ids = [line for line in greeting.split(b"\n") if line.startswith(b"id: ")]
    places = (b"0-%d" % ((1 << 64) - 1), b"1-0", b"2-0", b"0-9")
    assert ids == [b"id: %b-%b" % (parts.feed.epoch.encode(), place) for place in places]


def test_json_is_told_of_a_gap_then_welcomed_then_sent_what_waited(parts: Parts) -> None:
    connection, _ = parts.connect(listen=Listen("json", grant=Grant("42")))

    greeting = greeting_for(
        connection, Beginning(missing="gone", asked="e-1-0", waited=WAITED, again=7), 9
    )

    texts = [
        json.loads(payload) for opcode, payload in frames_of(greeting or b"") if opcode == TEXT
    ]
    gap, welcome, *rows, cursor = texts
    assert (gap["type"], gap["after"]) == ("gap", "e-1-0")
    assert (welcome["type"], welcome["complete"], welcome["again"]) == ("welcome", False, 7)
    assert [(row["content"], row["channel"]) for row in rows] == [
        ("one", "user:42"),
        ("two", "user:42"),
    ]
    # Cut off anywhere, it comes back to what it has not got.
    assert [each["id"] for each in (gap, welcome)] == [f"{parts.feed.epoch}-0-{(1 << 64) - 1}"] * 2
    assert (cursor["type"], cursor["id"]) == ("cursor", f"{parts.feed.epoch}-0-9")


@pytest.mark.parametrize("waited", [None, WAITED])
def test_who_cannot_be_told_of_a_gap_gets_nothing(parts: Parts, waited: Page | None) -> None:
    connection, _ = parts.connect(listen=Listen(grant=Grant("42")))

    assert greeting_for(connection, Beginning(missing="gone", waited=waited), 9) is None
