"""Ids and places in the log, as text and back."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.message import ENVELOPE_MARK, Kick, Mark, Message, format_id, parse_id
from tests.support.strategies import ids, marks

HALF = 2**64


@given(ids)
def test_an_id_is_written_and_read_without_loss(number: int) -> None:
    assert parse_id(format_id(number)) == number


@given(st.lists(st.tuples(st.integers(0, HALF - 1), st.integers(0, HALF - 1))))
def test_ids_sort_as_their_two_halves(halves: list[tuple[int, int]]) -> None:
    texts = [b"%d-%d" % both for both in halves]

    assert sorted(texts, key=parse_id) == [b"%d-%d" % both for both in sorted(halves)]


@given(st.binary(max_size=50) | st.from_regex(rb"\A[-0-9 +_]{0,40}\Z"))
@example(b"1" * 5000 + b"-0")  # More digits than int() takes.
def test_whatever_is_no_id_is_a_value_error(text: bytes) -> None:
    try:
        parse_id(text)
    except ValueError:
        return
    assert b"-" in text


@given(marks)
def test_a_mark_is_written_and_read_without_loss(mark: Mark) -> None:
    assert Mark.parse(str(mark)) == mark


@given(st.text() | marks.map(str).flatmap(lambda text: st.sampled_from([text + "\n", " " + text])))
def test_what_is_no_mark_is_none_and_what_is_one_stays_the_same(text: str) -> None:
    found = Mark.parse(text)

    assert found is None or Mark.parse(str(found)) == found


@given(st.text())
def test_content_is_queued_as_itself_unless_it_begins_like_an_envelope(content: str) -> None:
    item = Message(content).to_item()

    if content.startswith(ENVELOPE_MARK.decode()):
        assert item.startswith(ENVELOPE_MARK + b"{")
    else:
        assert item == content.encode()


@given(st.text(), st.lists(st.text(), min_size=1).map(tuple))
def test_an_envelope_is_the_json_that_the_standard_library_writes(
    content: str, channels: tuple[str, ...]
) -> None:
    fields = {"content": content, "channels": channels}

    assert Message(content, channels).to_item() == ENVELOPE_MARK + json.dumps(fields).encode()
    assert Kick(content).to_item() == ENVELOPE_MARK + json.dumps({"kick": content}).encode()


@given(st.text(), st.characters(categories=["Cs"]), st.text())
def test_half_of_a_surrogate_pair_anywhere_is_no_item(before: str, half: str, after: str) -> None:
    with pytest.raises(UnicodeEncodeError):
        Message(before + half + after).to_item()
