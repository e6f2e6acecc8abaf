"""The place of a client, as it shows it."""

import pytest

from common.message import Mark
from ws_server.socketio.session import last_id, new_pid

PID = new_pid("1.2", Mark.parse("1a-5-0") or Mark("", 0))


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ((None, None), None),
        ((PID, None), "1a-5-0"),  # It has got nothing yet.
        ((PID, "1a-7-0"), "1a-7-0"),
        ((PID, "19-9-0"), "1a-5-0"),  # After a gap.
        ((PID, "chat"), "1a-5-0"),
        (("of another server", "chat"), "chat"),  # Unknown: it is told of a gap.
        ((7, {}), None),
    ],
)
def test_the_newest_place_counts_that_a_client_shows(
    shown: tuple[object, ...], found: str | None
) -> None:
    assert last_id(*shown) == found
