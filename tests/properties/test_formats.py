"""Every content comes out of every format as it went in, whatever its bytes are."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.json_content import JsonBytes, str_of, text_of, value_of
from common.message import Mark, format_id
from common.page import Page
from tests.support.reading import Event, events_of, frames_of
from tests.support.strategies import epochs, ids, json_contents, marks
from tests.support.websocket import BINARY, CLOSE, PING, TEXT
from ws_server.wire.close_codes import CloseCode
from ws_server.wire.formats import Format, all_formats
from ws_server.wire.frames import UNSENT_CODES, close_frame

# Beside any bytes: line ends, what JSON and SSE have a meaning for, what is almost UTF-8.
nasty = st.sampled_from(
    [
        "\r",
        "\n",
        "\r\n",
        "\n\n",
        "\0",
        "\ufeff",
        "\u2028",
        "\x85",
        "data: x",
        "id: 1-1",
        ":",
        '"',
        "\\",
    ]
)
texts = st.lists(nasty | st.text(), max_size=8).map("".join)
contents = (
    texts.map(str.encode)
    | json_contents.map(lambda value: JsonBytes(text_of(value).encode()))
    | st.binary(max_size=300)
    | st.sampled_from([b"\xed\xa0\x80", b"\xf0\x9f\x98", b"x" * 125, b"x" * 126, b"x" * 65536])
)
prefixes = st.sampled_from(["", "Python语言消息中心: ", "\n", "a\r"]) | st.text(max_size=10)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """Some messages with growing ids."""
    numbers = sorted(draw(st.sets(ids, max_size=5)))
    return Page([format_id(number) for number in numbers], [draw(contents) for _ in numbers])


def shown(content: bytes) -> str:
    return content.decode(errors="replace")


def one_newline(text: str) -> str:
    """SSE knows lines, not how they ended."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def all_of(form: Format, epoch: str, page: Page) -> bytes:
    return b"".join(form.messages(epoch, page))


@given(pages(), epochs, prefixes)
def test_text_frames_carry_the_prefix_and_the_content(page: Page, epoch: str, prefix: str) -> None:
    frames = frames_of(all_of(all_formats(prefix)["text"], epoch, page))

    assert frames == [(TEXT, (prefix + shown(content)).encode()) for content in page.contents]


@given(pages(), epochs)
def test_json_frames_carry_id_content_and_time(page: Page, epoch: str) -> None:
    frames = frames_of(all_of(all_formats("not used")["json"], epoch, page))

    assert {opcode for opcode, _ in frames} <= {TEXT}
    assert [json.loads(payload) for _, payload in frames] == rows(page, epoch)


@given(pages(), epochs)
def test_json_events_carry_the_same_objects(page: Page, epoch: str) -> None:
    events = events_of(all_of(all_formats("not used")["json-events"], epoch, page))

    assert [json.loads(event.data) for event in events] == rows(page, epoch)
    assert [event.last_id for event in events] == [row["id"] for row in rows(page, epoch)]


@given(pages(), epochs, prefixes)
def test_text_events_carry_prefix_and_content_but_for_the_kind_of_line_ends(
    page: Page, epoch: str, prefix: str
) -> None:
    events = events_of(all_of(all_formats(prefix)["text-events"], epoch, page))

    expected = zip(page.ids, page.contents, strict=True)
    assert events == [
        Event("message", one_newline(prefix + shown(content)), f"{epoch}-{id_.decode()}")
        for id_, content in expected
    ]


@given(marks, st.none() | texts, texts, st.booleans())
def test_what_is_no_message_can_be_read_between_two_messages(
    at: Mark, after: str | None, reason: str, complete: bool
) -> None:
    formats = all_formats("")
    parts = [
        form.welcome(at, frozenset(), complete=complete)
        + (form.gap(at, after, reason) or b"")
        + form.ping()
        for form in (formats["json"], formats["json-events"])
    ]

    frames, events = frames_of(parts[0]), events_of(parts[1])

    welcome, gap = (
        {"id": str(at), "complete": complete, "channels": []},
        {"after": after, "reason": reason},
    )
    gap = {"id": str(at), **gap}
    assert [json.loads(payload) for opcode, payload in frames if opcode == TEXT] == [
        {"type": "welcome", **welcome},
        {"type": "gap", **gap},
    ]
    assert frames[-1] == (PING, b"")
    assert [(event.name, json.loads(event.data), event.last_id) for event in events] == [
        ("welcome", welcome, str(at)),
        ("gap", gap, str(at)),
    ]


@given(texts | st.binary())
def test_a_reply_of_a_hook_comes_as_it_is(data: str | bytes) -> None:
    formats = all_formats("not used")
    raw = data if isinstance(data, bytes) else data.encode()

    assert frames_of(formats["text"].reply(data)) == [(BINARY if raw is data else TEXT, raw)]
    (event,) = events_of(formats["text-events"].reply(data))
    assert event.data == one_newline(shown(raw))


@given(st.integers(1000, 4999).filter(lambda code: code not in UNSENT_CODES), st.text())
def test_a_farewell_is_a_control_frame_of_at_most_125_bytes(code: int, reason: str) -> None:
    ((opcode, payload),) = frames_of(all_formats("")["text"].farewell(CloseCode(code, reason)))

    assert opcode == CLOSE
    assert payload[:2] == code.to_bytes(2)
    assert len(payload) <= 125
    assert reason.startswith(payload[2:].decode())
    assert frames_of(close_frame(code, reason)) == [(opcode, payload)]


def rows(page: Page, epoch: str) -> list[dict[str, object]]:
    return [
        {
            "id": f"{epoch}-{id_.decode()}",
            "channel": None,
            "content": value_of(str_of(content)),
            "time": int(id_.partition(b"-")[0]),
        }
        for id_, content in zip(page.ids, page.contents, strict=True)
    ]
