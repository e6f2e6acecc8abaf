"""Any slip of a parameter's name is found."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from ws_server.door.parameters import KNOWN, read

NAMES = sorted(KNOWN - {"confirm"})  # That one is of our own client.


def refusal(query: str) -> str:
    with pytest.raises(Refused) as raised:
        read(query)
    return str(raised.value)


@given(st.sampled_from(NAMES), st.data())
def test_a_letter_too_many_is_a_near_miss_of_any_name(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name)))
    letter = data.draw(st.sampled_from(string.ascii_letters))
    if (word := name[:at] + letter + name[at:]) not in KNOWN:
        assert word in refusal(f"{word}=x")
