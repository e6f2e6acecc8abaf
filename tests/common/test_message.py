import random

import pytest

from common.json_content import JsonText
from common.message import Mark, Message, Tracked, format_id, is_event, item_of, more_of, parse_id

LARGEST = 2**64 - 1  # Of either half of a stream id.


@pytest.mark.parametrize("content", ["hello", "中文😀", " padded\r\n", "a\x1eb", '{"content":"x"}'])
def test_plain_content_is_queued_as_exactly_its_utf8(content: str) -> None:
    assert Message(content).to_item() == content.encode()


def test_content_that_begins_like_an_envelope_is_put_into_one() -> None:
    assert Message("\x1e中").to_item() == b'\x1e{"content": "\\u001e\\u4e2d"}'


def test_json_is_queued_as_its_text_in_an_envelope_that_says_so() -> None:
    content = JsonText('{"订":1}')

    assert Message(content).to_item() == b'\x1e{"content": "{\\"\\u8ba2\\":1}", "json": true}'
    to_some = Message(content, ("a", "b")).to_item()
    assert to_some.endswith(b', "json": true, "channels": ["a", "b"]}')


def test_only_an_id_whose_receipt_is_asked_for_goes_onto_the_queue() -> None:
    assert item_of("a", b"a", (), "p") == b"a"
    assert item_of("a", b"a", (), Tracked('"p')) == b'\x1e{"content": "a", "receipt": "\\"p"}'
    to_some = item_of("a", b"a", ("b",), Tracked("p"))
    assert to_some == b'\x1e{"content": "a", "channels": ["b"], "receipt": "p"}'


def test_an_event_and_an_except_go_into_an_envelope() -> None:
    made = Message("a", event='订"')
    assert made.to_item() == b'\x1e{"content": "a", "event": "\\u8ba2\\""}'
    to_others = Message("a", ("b",), except_="1.2")
    assert to_others.to_item() == b'\x1e{"content": "a", "channels": ["b"], "except": "1.2"}'
    both = item_of("a", b"a", (), Tracked("p"), more_of("made", "1.2"))
    assert both == b'\x1e{"content": "a", "event": "made", "except": "1.2", "receipt": "p"}'


def test_half_of_a_surrogate_pair_is_no_item() -> None:
    with pytest.raises(UnicodeEncodeError):
        Message("\ud800").to_item()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"0-0", 0),
        (b"0-1", 1),
        (b"1-0", 1 << 64),
        (b"1795479070601-7", (1795479070601 << 64) + 7),
        (b"18446744073709551615-18446744073709551615", (1 << 128) - 1),
    ],
)
def test_an_id_is_read_and_written_without_loss(text: bytes, number: int) -> None:
    assert parse_id(text) == number
    assert format_id(number) == text


def test_ids_sort_by_milliseconds_and_then_by_sequence() -> None:
    in_order = [b"0-1", b"2-0", b"2-1", b"2-9", b"2-10", b"9-0", b"10-0", b"10-%d" % LARGEST]
    shuffled = random.Random(1).sample(in_order, len(in_order))

    assert sorted(shuffled, key=parse_id) == in_order


def test_the_id_before_the_first_of_a_millisecond_is_the_last_of_the_one_before() -> None:
    assert format_id(parse_id(b"5-0") - 1) == b"4-%d" % LARGEST


@pytest.mark.parametrize("text", [b"", b"-", b"5", b"5-", b"-5", b"a-1", b"1-b", b"1-2-3", b"$"])
def test_what_is_no_id_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"invalid literal"):
        parse_id(text)


@pytest.mark.parametrize("id_", ["0-0", "1795479070601-7", f"{LARGEST}-{LARGEST}", "0-10"])
def test_a_mark_is_read_as_it_is_written(id_: str) -> None:
    mark = Mark.parse(f"e1-{id_}")

    assert mark is not None
    assert str(mark) == f"e1-{id_}"


@pytest.mark.parametrize(
    "id_",
    [
        f"{LARGEST + 1}-0",
        f"0-{LARGEST + 1}",
        "99999999999999999999-0",
        "0-99999999999999999999",
        "00-0",
        "0-01",
        "0005-0",
        "1-",
        "-1",
        "+1-0",
        "1-0 ",
        "1-0\n",
        "1_0-0",
        "\u0661-1",
        "1-0-0",
    ],
)
def test_what_is_no_mark_of_ours_is_none(id_: str) -> None:
    assert Mark.parse(f"e1-{id_}") is None


@pytest.mark.parametrize(
    "name", ["a", "App\\Events\\OrderShipped", " ", "订单已发货", "😀" * 200, "\u2028"]
)
def test_an_event_has_up_to_200_characters(name: str) -> None:
    assert is_event(name)


@pytest.mark.parametrize(
    "name", ["", "😀" * 201, "a\n", "\x00", "\x1f", "\x7f", "a\x85", "\x9f", "\ud800"]
)
def test_control_characters_are_in_no_event(name: str) -> None:
    assert not is_event(name)
