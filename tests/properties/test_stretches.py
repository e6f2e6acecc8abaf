"""Whoever watches some of the log gets what is theirs."""

from hypothesis import given
from hypothesis import strategies as st

from common.message import Mark, format_id
from common.page import NOBODY, Page
from http_api.watching.stretch import Stretch, is_message

NAMES = ["orders", "orders.eu", "orders.eu.1", "user:42", "user:4.2"]
WANTED = [*NAMES, "orders.*", "orders.eu.*"]
KICK = ("!42",)

recipients = st.one_of(
    st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple),
    st.sampled_from([NOBODY, KICK]),
)


@given(
    st.lists(recipients, max_size=8),
    st.one_of(st.none(), st.frozensets(st.sampled_from(WANTED), min_size=1, max_size=3)),
)
def test_they_are_found_as_if_each_message_was_asked(
    names: list[tuple[str, ...]], wanted: frozenset[str] | None
) -> None:
    ids = [format_id(number) for number in range(1, len(names) + 1)]
    page = Page(ids, [b""] * len(names), names)
    stretch = Stretch(Mark("e1", 0), Mark("e1", len(names)), page)

    places = list(stretch.places(wanted))

    everyone = range(len(names))
    asked = [at for at in everyone if is_message(names[at]) and stretch.at(at).is_for(wanted)]
    assert places == asked
