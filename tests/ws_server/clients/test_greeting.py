"""What a client is sent first, in its format."""

import json

import pytest

from common.page import Page
from tests.support.parts import Parts
from tests.support.reading import frames_of
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


def test_json_is_told_of_a_gap_then_welcomed_then_sent_what_waited(parts: Parts) -> None:
    connection, _ = parts.connect(listen=Listen("json", grant=Grant("42")))

    greeting = greeting_for(
        connection, Beginning(missing="gone", asked="e-1-0", waited=WAITED, again=7), 9
    )

    gap, welcome, *rows = [json.loads(payload) for _, payload in frames_of(greeting or b"")]
    assert (gap["type"], gap["after"]) == ("gap", "e-1-0")
    assert (welcome["type"], welcome["complete"], welcome["again"]) == ("welcome", False, 7)
    assert [(row["content"], row["channel"]) for row in rows] == [
        ("one", "user:42"),
        ("two", "user:42"),
    ]


@pytest.mark.parametrize("waited", [None, WAITED])
def test_who_cannot_be_told_of_a_gap_gets_nothing(parts: Parts, waited: Page | None) -> None:
    connection, _ = parts.connect(listen=Listen(grant=Grant("42")))

    assert greeting_for(connection, Beginning(missing="gone", waited=waited), 9) is None
