"""What a client sends, as events: fragments, limits, closes and broken rules."""

import gc
import tracemalloc
import weakref

import pytest

from tests.support.websocket import BINARY, CLOSE, PING, PONG, TEXT, frame
from ws_server.wire.inbound import (
    Closed,
    Failed,
    Inbound,
    Pinged,
    Ponged,
    Reader,
    Received,
    ends_with_close,
    is_close,
    take_plain,
    take_pongs,
    take_texts,
)

CONTINUATION = 0x0
LIMIT = 10


def read(*pieces: bytes, limit: int = LIMIT) -> list[Inbound]:
    reader = Reader(limit)
    return [event for piece in pieces for event in reader.receive(piece)]


def code_of(events: list[Inbound]) -> int:
    (failure,) = events
    assert isinstance(failure, Failed)
    return failure.code


def test_text_comes_as_str_and_binary_as_bytes() -> None:
    assert read(frame(TEXT, "消息".encode()), frame(BINARY, b"\xff")) == [
        Received("消息"),
        Received(b"\xff"),
    ]


def test_empty_messages_are_messages() -> None:
    assert read(frame(TEXT, b""), frame(BINARY, b"")) == [Received(""), Received(b"")]


def test_bytes_may_arrive_one_by_one() -> None:
    sent = frame(TEXT, "消息".encode()) + frame(PING, b"hi") + frame(BINARY, b"")

    events = read(*[sent[at : at + 1] for at in range(len(sent))])

    assert events == [Received("消息"), Pinged(b"hi"), Received(b"")]


def test_fragments_are_joined_even_within_a_character() -> None:
    text = "消息".encode()

    assert read(
        frame(TEXT, text[:1], fin=False),
        frame(CONTINUATION, text[1:5], fin=False),
        frame(CONTINUATION, text[5:]),
    ) == [Received("消息")]


def test_a_control_frame_between_fragments_is_answered_before_their_end() -> None:
    assert read(
        frame(BINARY, b"a", fin=False)
        + frame(PING, b"?")
        + frame(PONG, b"")
        + frame(CONTINUATION, b"b")
    ) == [Pinged(b"?"), Ponged(b""), Received(b"ab")]


@pytest.mark.parametrize("reason", [b"", b"bad gateway", b"x" * 123])
@pytest.mark.parametrize(
    "before", [b"", frame(TEXT, b"x") + frame(PING, b"\x88")], ids=["alone", "after others"]
)
def test_a_close_code_that_is_registered_since_is_answered_with_itself(
    before: bytes, reason: bytes
) -> None:
    close = frame(CLOSE, (1014).to_bytes(2) + reason)

    assert read(before + close)[-1] == Closed(1014, "")
    assert isinstance(read(before + frame(CLOSE, (1016).to_bytes(2) + reason))[-1], Failed)


def test_a_message_may_be_as_large_as_the_limit() -> None:
    assert read(frame(TEXT, b"x" * LIMIT)) == [Received("x" * LIMIT)]
    assert read(frame(TEXT, b"x" * 4, fin=False), frame(CONTINUATION, b"x" * 6)) == [
        Received("x" * LIMIT)
    ]


@pytest.mark.parametrize(
    "pieces",
    [
        [frame(TEXT, b"x" * 11)],
        [frame(BINARY, b"x" * 11)],
        [frame(TEXT, "消".encode() * 4)],  # 4 characters, 12 bytes.
        [frame(TEXT, b"x" * 6, fin=False), frame(CONTINUATION, b"x" * 5, fin=False)],
        [frame(BINARY, b"x" * 6, fin=False), frame(PING, b"?" * 9), frame(CONTINUATION, b"x" * 5)],
    ],
)
def test_a_larger_message_fails_as_soon_as_it_is_too_large(pieces: list[bytes]) -> None:
    assert code_of([event for event in read(*pieces) if not isinstance(event, Pinged)]) == 1009


def test_a_large_message_fails_before_all_of_it_has_come() -> None:
    assert code_of(read(frame(BINARY, b"x" * 1000)[:50])) == 1009


def test_the_limit_is_counted_anew_for_each_message() -> None:
    assert read(*[frame(BINARY, b"x" * 9)] * 5) == [Received(b"x" * 9)] * 5


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (b"", Closed(1005, "")),
        ((1000).to_bytes(2), Closed(1000, "")),
        ((1001).to_bytes(2) + "再见".encode(), Closed(1001, "再见")),
        ((4321).to_bytes(2), Closed(4321, "")),
    ],
)
def test_a_close_comes_with_its_code(payload: bytes, event: Closed) -> None:
    assert read(frame(CLOSE, payload)) == [event]


@pytest.mark.parametrize("payload", [b"\x03", *[n.to_bytes(2) for n in (0, 999, 1005, 1006, 5000)]])
def test_a_close_that_nobody_may_send_breaks_a_rule(payload: bytes) -> None:
    assert code_of(read(frame(CLOSE, payload))) == 1002


def test_nothing_follows_a_close() -> None:
    assert read(frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"late")) == [Closed(1000, "")]


def test_what_came_before_a_breach_counts() -> None:
    events = read(frame(TEXT, b"good") + frame(0x3, b""))

    assert events[0] == Received("good")
    assert code_of(events[1:]) == 1002


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"bare", mask=False), 1002),
        (frame(0x3, b""), 1002),
        (frame(0xB, b""), 1002),
        (bytes([0x80 | 0x40 | TEXT, 0x80, 0, 0, 0, 0]), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"", fin=False), 1002),
        (frame(CONTINUATION, b"of nothing"), 1002),
        (frame(TEXT, b"", fin=False) + frame(TEXT, b""), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"\xe6"), 1007),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    ],
    ids=[
        "not masked",
        "reserved opcode",
        "reserved control opcode",
        "reserved bit",
        "long ping",
        "ping in fragments",
        "nothing to continue",
        "message within a message",
        "no UTF-8",
        "half a character",
        "no UTF-8 in a reason",
    ],
)
def test_a_broken_rule_comes_with_its_close_code(sent: bytes, code: int) -> None:
    assert code_of(read(sent)) == code


LONGEST = bytes(range(125))


@pytest.mark.parametrize("payloads", [[b""], [b"x"], [LONGEST], [b"", b"four", b"five5"]])
@pytest.mark.parametrize(
    "rest",
    [b"", frame(PING, b""), frame(PONG, b"cut")[:-1], b"\x8a"],
    ids=["nothing", "ping", "cut", "begun"],
)
def test_pongs_are_read_without_a_parser_as_far_as_they_are_whole(
    payloads: list[bytes], rest: bytes
) -> None:
    data = b"".join(frame(PONG, payload) for payload in payloads) + rest

    assert take_pongs(data) == (payloads, rest)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame(PING, b""),
        frame(PONG, b"four", mask=False),
        frame(PONG, b"", fin=False),
        frame(PONG, b"x" * 126),
    ],
    ids=["nothing", "ping", "unmasked", "fragment", "too long"],
)
def test_nothing_else_is_taken_for_a_pong(data: bytes) -> None:
    assert take_pongs(data) == ([], data)


LONG_TEXT = "é" * 500
NON_MINIMAL = b"\x81\xfe\x00\x05" + b"\0" * 9
EIGHT_BYTES = b"\x81\xff" + (70_000).to_bytes(8) + b"\0" * 70_004


@pytest.mark.parametrize(
    "rest",
    [b"", b"\x81", frame(PING, b""), frame(TEXT, b"a" * 1001)],
    ids=["nothing", "begun", "ping", "too long"],
)
@pytest.mark.parametrize(
    "texts", [[], [""], ["a", LONG_TEXT, "b" * 125, "c" * 126]], ids=["none", "empty", "several"]
)
def test_texts_are_taken_without_a_parser(texts: list[str], rest: bytes) -> None:
    data = b"".join(frame(TEXT, text.encode()) for text in texts) + rest

    assert take_texts(data, 1000) == ([Received(text) for text in texts], rest)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        frame(BINARY, b"a"),
        frame(TEXT, b"a", mask=False),
        frame(TEXT, b"a", fin=False),
        frame(TEXT, b"a")[:-1],
        frame(TEXT, b"a" * 200)[:-1],
        frame(TEXT, b"\xff"),
        b"\xc1" + frame(TEXT, b"a")[1:],
        NON_MINIMAL,
        EIGHT_BYTES,
    ],
    ids=[
        "nothing",
        "binary",
        "unmasked",
        "fragment",
        "cut",
        "cut-long",
        "no-utf8",
        "extended",
        "long",
        "eight",
    ],
)
def test_nothing_else_is_taken_for_a_text(data: bytes) -> None:
    assert take_texts(data, 100_000) == ([], data)


def test_texts_and_pongs_are_taken_in_their_order() -> None:
    one, pong, close = frame(TEXT, b"a"), frame(PONG, b"p"), frame(CLOSE, b"")

    found = take_plain(one + pong + pong + one + close, 1000)

    assert found == ([Received("a"), Ponged(b"p"), Ponged(b"p"), Received("a")], close)
    assert take_plain(b"", 1000) == ([], b"")


def test_nothing_is_heard_after_the_end() -> None:
    reader = Reader(LIMIT)
    assert list(reader.receive(frame(CLOSE, b""))) == [Closed(1005, "")]

    assert list(reader.receive(frame(TEXT, b"late"))) == []


@pytest.mark.parametrize("payload", [b"", b"\x03\xe9", b"\x10\x04" + b"x" * 123])
def test_a_close_alone_is_known(payload: bytes) -> None:
    close = frame(CLOSE, payload)

    assert is_close(close)
    assert not any(map(is_close, (close[:-1], close + b"x", frame(TEXT, payload), b"")))


def test_no_more_texts_are_taken_than_are_wanted() -> None:
    data = frame(TEXT, b"a") + frame(TEXT, b"b")

    assert take_texts(data, 1000, 1) == ([Received("a")], data[len(data) // 2 :])
    assert take_texts(data, 1000, 0) == ([], data)


@pytest.mark.parametrize(
    "before", [b"", frame(PONG, b"a"), frame(TEXT, b"a" * 200)], ids=["nothing", "pong", "text"]
)
@pytest.mark.parametrize("payload", [b"", b"\x03\xe9", b"\x10\x04" + b"x" * 123])
def test_a_close_is_known_at_the_end(before: bytes, payload: bytes) -> None:
    assert ends_with_close(before + frame(CLOSE, payload))


@pytest.mark.parametrize(
    "data",
    [b"", frame(TEXT, b"a"), frame(CLOSE, b"\x03\xe9") + b"x"],
    ids=["nothing", "text", "more"],
)
def test_what_does_not_close_is_no_close(data: bytes) -> None:
    assert not ends_with_close(data)


def test_a_parser_tells_of_pongs_too() -> None:
    assert read(frame(PONG, b"one") + frame(PONG, b"")) == [Ponged(b"one"), Ponged(b"")]


def test_fragments_without_content_take_no_memory() -> None:
    """None of them comes nearer to the limit, so a client can send them for ever."""
    reader = Reader(LIMIT)
    empty = frame(CONTINUATION, b"", fin=False)
    list(reader.receive(frame(TEXT, b"", fin=False) + empty * 10))
    tracemalloc.start()

    for _ in range(200):
        list(reader.receive(empty * 10))
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken < 8000


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_in_tiny_fragments_takes_little_memory(opcode: int) -> None:
    """As a list of fragments it would take some fifty times its size."""
    limit = 3000
    sent = frame(opcode, b"", fin=False) + frame(CONTINUATION, b"xy", fin=False) * (limit // 2)
    reader = Reader(limit)
    tracemalloc.start()

    for at in range(0, len(sent), 4096):
        assert list(reader.receive(sent[at : at + 4096])) == []
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken < 5 * limit


@pytest.mark.parametrize("length", [0, 3, 11])  # Of a frame: none of it, a part, all.
def test_what_is_closed_is_forgotten_without_a_search_for_garbage(length: int) -> None:
    """The parsers of all who have come and gone were kept: 850 bytes each."""
    gc.collect()
    gc.disable()
    try:
        reader = Reader(LIMIT)
        list(reader.receive(frame(TEXT, b"hello")[:length]))
        parser = weakref.ref(reader._protocol._proto)
        reader.close()
        del reader
        assert parser() is None
    finally:
        gc.enable()
