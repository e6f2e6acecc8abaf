"""Any document: what holds too much is never let through."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.json_content import holds_more
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
