"""A right to a wildcard is a right to each name that it matches."""

from hypothesis import given
from hypothesis import strategies as st

from common import channels

NAMES = st.from_regex(channels.NAME, fullmatch=True)


@given(NAMES, NAMES)
def test_a_right_to_a_wildcard_is_a_right_to_each_name_that_it_matches(
    prefix: str, name: str
) -> None:
    wildcard = prefix + channels.WILD
    matched = wildcard in channels.subscriptions_to(name)
    assert channels.covers(wildcard, name) is matched
