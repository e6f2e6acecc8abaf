"""Whatever a client says is a command, or refused, or for the hook."""

import json

from hypothesis import given
from hypothesis import strategies as st

from common.refused import Refused
from ws_server.inbox.commands import Change, Confirm, Refresh, parse_command

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(
            st.sampled_from(["subscribe", "unsubscribe", "token", "confirm", "x"]), some, max_size=3
        )
    ),
    max_leaves=8,
)


@given(anything.map(json.dumps) | st.text() | st.binary())
def test_whatever_is_said_is_a_command_or_refused_or_neither(said: str | bytes) -> None:
    try:
        command = parse_command(said)
    except Refused:
        return
    assert command is None or isinstance(command, Change | Refresh | Confirm)
