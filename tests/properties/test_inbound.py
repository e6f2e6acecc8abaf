"""Whatever a client sends, in whatever pieces: the same events, and never an exception."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.websocket import BINARY, CLOSE, PING, PONG, TEXT, frame
from ws_server.wire.inbound import (
    Closed,
    Failed,
    Inbound,
    Pinged,
    Ponged,
    Reader,
    Received,
    take_pongs,
    take_texts,
)

CONTINUATION = 0x0
LIMIT = 300  # Bytes of a message.

Said = tuple[bytes, list[Inbound]]  # Bytes, and what they mean.


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """`data` cut at these places, as far as it has them."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        yield data[start:end]


def read(data: bytes, cuts: list[int]) -> list[Inbound]:
    """The events, up to the one that ends it."""
    reader, found = Reader(LIMIT), list[Inbound]()
    for piece in pieces(data, cuts):
        found += reader.receive(piece)
        if found and isinstance(found[-1], Closed | Failed):
            break
    return found


@st.composite
def message(draw: st.DrawFn) -> Said:
    """A message in any fragments, with control frames in between."""
    data = draw(st.text(max_size=70) | st.binary(max_size=LIMIT))
    raw, opcode = (data.encode(), TEXT) if isinstance(data, str) else (data, BINARY)
    parts = list(pieces(raw, draw(st.lists(st.integers(0, LIMIT), max_size=4))))
    sent, meant = b"", list[Inbound]()
    for at, part in enumerate(parts):
        is_last = at == len(parts) - 1
        sent += frame(CONTINUATION if at else opcode, part, fin=is_last)
        if not is_last:
            control = draw(st.just((b"", [])) | controls)
            sent, meant = sent + control[0], meant + control[1]
    return sent, [*meant, Received(data)]


def said_ping(payload: bytes) -> Said:
    return frame(PING, payload), [Pinged(payload)]


def said_pong(payload: bytes) -> Said:
    return frame(PONG, payload), [Ponged(payload)]


def said_close(code: int, reason: str) -> Said:
    return frame(CLOSE, code.to_bytes(2) + reason.encode()), [Closed(code, reason)]


payloads = st.binary(max_size=125)
controls = payloads.map(said_ping) | payloads.map(said_pong)
closes = st.builds(
    said_close,
    st.sampled_from([1000, 1001, 1003, 1011]) | st.integers(3000, 4999),
    st.text(max_size=30),
)
conversations = st.tuples(
    st.lists(message() | controls, max_size=6), st.lists(closes, max_size=1)
).map(lambda both: both[0] + both[1])
cut_places = st.lists(st.integers(0, 5000), max_size=30)


@given(conversations, cut_places)
def test_what_keeps_to_the_rules_means_the_same_in_any_pieces(
    said: list[Said], cuts: list[int]
) -> None:
    data = b"".join(sent for sent, _ in said)
    meant = [event for _, events in said for event in events]

    assert read(data, cuts) == meant
    assert read(data, list(range(len(data)))) == meant  # Byte by byte.


@given(conversations, st.integers(0, 200))
def test_pongs_that_come_first_mean_the_same_without_a_parser(said: list[Said], cut: int) -> None:
    data = b"".join(sent for sent, _ in said)
    data = data[: len(data) - cut % (len(data) + 1)]

    payloads, rest = take_pongs(data)

    assert [*map(Ponged, payloads), *read(rest, [])] == read(data, [])


@given(conversations, st.integers(0, 200))
def test_texts_that_come_first_mean_the_same_without_a_parser(said: list[Said], cut: int) -> None:
    data = b"".join(sent for sent, _ in said)
    data = data[: len(data) - cut % (len(data) + 1)]

    events, rest = take_texts(data, LIMIT)

    assert [*events, *read(rest, [])] == read(data, [])


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Frames with some bytes overwritten, put in or left out."""
    data = bytearray(b"".join(sent for sent, _ in draw(conversations)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(data)


def kinds(events: list[Inbound]) -> list[Inbound | type]:
    """Of two breaches in one frame, the pieces decide which is seen first, and its reason."""
    return [Failed if isinstance(event, Failed) else event for event in events]


@given(broken() | st.binary(max_size=600), cut_places)
@example(frame(BINARY, b"x" * (LIMIT + 1)), [LIMIT])
@example(frame(TEXT, b"x" * LIMIT + b"\xff"), [LIMIT])
def test_whatever_comes_means_the_same_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    whole = read(data, [])

    assert kinds(read(data, cuts)) == kinds(whole)
    assert kinds(read(data, list(range(len(data))))) == kinds(whole)


@given(broken() | st.binary(max_size=600))
def test_an_end_is_the_last_event_and_every_message_is_within_the_limit(data: bytes) -> None:
    events = list(Reader(LIMIT).receive(data))

    assert not [event for event in events[:-1] if isinstance(event, Closed | Failed)]
    for event in events:
        match event:
            case Received(text_or_bytes):
                raw = text_or_bytes if isinstance(text_or_bytes, bytes) else text_or_bytes.encode()
                assert len(raw) <= LIMIT
            case Pinged(payload) | Ponged(payload):
                assert len(payload) <= 125
            case Closed(code, _) | Failed(code, _):
                assert 1000 <= code < 5000
