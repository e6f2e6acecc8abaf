"""Nothing of a text that Redis quotes is told, unless its words are known."""

from hypothesis import given
from hypothesis import strategies as st

from common.store.redis_words import known_words

SECRET = "PRIVATE-4711"


@given(before=st.text(), after=st.text())
def test_nothing_of_a_text_is_told_that_is_not_known(before: str, after: str) -> None:
    assert SECRET not in known_words(f"{before}{SECRET}{after}")
