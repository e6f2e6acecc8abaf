"""Server-Sent Events, byte by byte."""

from http_api.watching import events


def test_a_message_has_its_id_and_one_line_of_data() -> None:
    row = {"id": "e1-1-0", "content": "Zoë\nsays “hi”", "to": []}

    assert events.message(row).decode() == (
        'id: e1-1-0\ndata: {"id":"e1-1-0","content":"Zoë\\nsays “hi”","to":[]}\n\n'
    )


def test_a_notice_has_a_name_and_perhaps_an_id() -> None:
    assert events.notice("gap", {"id": None}) == b'event: gap\ndata: {"id":null}\n\n'
    assert events.notice("gap", {}, "e1-1-0") == b"id: e1-1-0\nevent: gap\ndata: {}\n\n"


def test_an_id_alone_is_no_message() -> None:
    assert events.id_alone("e1-1-0") == b"id: e1-1-0\n\n"


def test_half_a_character_stops_no_stream() -> None:
    assert b'"content":"?"' in events.message({"id": "e1-1-0", "content": "\ud800"})
