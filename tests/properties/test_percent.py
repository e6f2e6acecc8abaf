"""Percent-encoding as the standard library has it; with hypothesis."""

from urllib.parse import unquote_to_bytes

from hypothesis import example, given
from hypothesis import strategies as st

from http_api.reading.forms import unquoted

PIECES = [b"%", b"%41", b"%e6%B6%88", b"%25", b"%zz", b"%4", b"%%41", b"a", b"a%20b", b"%2B", b"+"]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3)).map(b"".join))
@example(b"%+1")
def test_it_is_what_the_standard_library_makes_of_it(text: bytes) -> None:
    assert unquoted(text) == unquote_to_bytes(text.replace(b"+", b" "))
