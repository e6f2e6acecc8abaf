"""What a client asks for, from its query and headers."""

import pytest

from ws_server.listen import DEFAULT, MOST_LAST, BadListen, Listen


def asked(query: str = "", *, events: bool = False, **headers: str) -> Listen:
    return Listen.parse({"QUERY_STRING": query, **headers}, events=events)


def test_who_asks_for_nothing_gets_text_from_now_on() -> None:
    assert asked() == DEFAULT == Listen("text")
    assert asked("user=1&x") == DEFAULT


def test_the_format_is_chosen_by_query_or_subprotocol() -> None:
    assert asked("format=json").format_name == "json"
    assert asked("format=json", events=True).format_name == "json-events"
    assert asked(events=True).format_name == "text-events"
    offered = asked(HTTP_SEC_WEBSOCKET_PROTOCOL="chat, message-center.json")
    assert (offered.format, offered.protocol) == ("json", "message-center.json")
    both = asked("format=text", HTTP_SEC_WEBSOCKET_PROTOCOL="message-center.json")
    assert (both.format, both.protocol) == ("text", None)


def test_a_protocol_that_is_not_ours_is_not_agreed_on() -> None:
    assert asked(HTTP_SEC_WEBSOCKET_PROTOCOL="chat").protocol is None


def test_a_last_id_is_taken_from_the_query_and_for_events_from_the_header_first() -> None:
    assert asked("last_id=e-1-0").last_id == "e-1-0"
    assert asked("last_id=").last_id is None
    assert asked("last_id=a", events=True, HTTP_LAST_EVENT_ID="b").last_id == "b"
    assert asked("last_id=a", events=True, HTTP_LAST_EVENT_ID="").last_id == "a"
    assert asked("x=1", HTTP_LAST_EVENT_ID="b").last_id is None


def test_last_is_a_number_within_bounds() -> None:
    assert asked("last=20").last == 20
    assert asked(f"last={MOST_LAST}").last == MOST_LAST


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("format=xml", "bad_format"),
        ("last=-1", "bad_last"),
        (f"last={MOST_LAST + 1}", "bad_last"),
        ("last=many", "bad_last"),
        ("last=%D9%A1", "bad_last"),  # An Arabic digit one.
        ("last=" + "1" * 5000, "bad_last"),
    ],
)
def test_what_cannot_be_is_named(query: str, error: str) -> None:
    with pytest.raises(BadListen) as raised:
        asked(query)

    assert raised.value.error == error
    assert error.removeprefix("bad_") in str(raised.value)
