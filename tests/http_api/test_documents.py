"""What JSON may cost is known before it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from http_api.documents import holds_more, read, read_lines
from tests.support.strategies import texts

values = st.recursive(
    st.none() | st.integers() | texts(6) | st.sampled_from(['"', "\\", '\\"', ",[{", '","']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(3), inner, max_size=3),
    max_leaves=12,
)


def count(value: Any) -> int:
    """How many values a document holds."""
    if isinstance(value, dict):
        return 1 + sum(map(count, value.values()))
    return 1 + sum(map(count, value)) if isinstance(value, list) else 1


@given(value=values, ascii_=st.booleans())
def test_what_holds_more_is_never_let_through_and_what_is_in_strings_does_not_count(
    value: Any, ascii_: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_)
    held = count(value)

    assert not holds_more(text, 2 * held)  # A list or an object of one has two separators.
    if held > 1:
        assert holds_more(text, max(held // 2 - 1, 0))


@pytest.mark.parametrize(
    "text",
    [
        "[" + "[]," * 200_000 + "[]]",
        "[" + "{}," * 200_000 + "{}]",
        "[" + '"",' * 200_000 + '""]',
        "{" + '"a":0,' * 200_000 + '"b":0}',
        '{"a":[' + "1," * 200_000 + "1]}",
    ],
    ids=["lists", "objects", "strings", "names", "numbers"],
)
def test_a_document_of_very_many_values_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="more than 100000 values"):
        read(text)
    with pytest.raises(Refused, match="more than 100000 values") as refused:
        list(read_lines(f"1\n\n{text}\n"))
    assert refused.value.index == 1


@pytest.mark.parametrize("character", [",", "[", "{", '"', "\\", '\\",', "\x01", "😀"])
def test_a_long_text_is_one_value_whatever_is_in_it(character: str) -> None:
    content = character * 300_000

    assert read(json.dumps({"content": content})) == {"content": content}


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Refused, match="nested too deeply"):
        read("[" * 50_000 + "]" * 50_000)
