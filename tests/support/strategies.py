"""What hypothesis draws from in several tests.

Not `st.text()`: its table of Unicode takes seconds to build in a new checkout.
"""

import string
from typing import Any

from hypothesis import strategies as st

from common.message import Mark

SURROGATES = 0x800
LAST = 0x10FFFF - SURROGATES

characters = st.integers(0, LAST).map(
    lambda number: chr(number if number < 0xD800 else number + SURROGATES)
)

ids = st.integers(0, 2**128 - 1)
epochs = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=20)
marks = st.builds(Mark, epochs, ids)


def texts(max_size: int | None = None) -> st.SearchStrategy[str]:
    """Any text, often of characters that mean something to somebody."""
    telling = st.sampled_from("ab1 \x00\x1e\r\n\t\"'\\/&=+%;{}[]<é消\ufeff\u2028\uffff😀")
    return st.text(characters | telling, max_size=max_size)


plain_json = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
json_contents: st.SearchStrategy[Any] = st.recursive(
    plain_json | texts(8),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(texts(4), some, max_size=4),
    max_leaves=12,
).filter(lambda value: isinstance(value, list | dict))  # What may be pushed as JSON.


def latin(max_size: int) -> st.SearchStrategy[str]:
    """What WSGI may hold: bytes, each as a character."""
    return st.binary(max_size=max_size).map(lambda raw: raw.decode("latin-1"))
