"""A push token may read what a listener's token with the same names may listen to."""

from hypothesis import given
from hypothesis import strategies as st

from common import channels
from common.refused import Refused
from http_api.access.scope import Scope

NAMES = st.from_regex(r"(user:)?[ab.]{1,4}(\.\*)?", fullmatch=True)


@given(NAMES.filter(channels.is_subscription), NAMES.filter(channels.is_subscription))
def test_it_allows_what_a_listeners_right_to_the_name_would(granted: str, wanted: str) -> None:
    if granted.startswith(channels.USER) and not channels.is_user(granted[len(channels.USER) :]):
        return
    try:
        Scope.parse("shop", f"read={granted}").refuse_reading(frozenset({wanted}))
        allows = True
    except Refused:
        allows = False

    assert allows == channels.covers(granted, wanted)
