"""The place of a client, as it shows it."""

import pytest

from common.message import Mark
from ws_server.socketio.session import last_id, new_pid, session_of

PID = new_pid("1.2", Mark.parse("1a-5-0") or Mark("", 0))


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ((None, None), None),
        ((PID, None), "1a-5-0"),  # It has got nothing yet.
        ((PID, "1a-7-0"), "1a-7-0"),
        ((PID, "19-9-0"), "1a-5-0"),  # After a gap.
        ((PID, "chat"), "1a-5-0"),
        (("of another server", "chat"), "?"),  # It is told of a gap.
        (("\ud800~1a-5-0", None), "?"),
        (("x" * 200 + "~1a-5-0", None), "?"),
        ((7, {}), None),
    ],
)
def test_the_newest_place_counts_that_a_client_shows(
    shown: tuple[object, ...], found: str | None
) -> None:
    assert last_id(*shown) == found


@pytest.mark.parametrize("pid", ["\ud800", "", "x" * 201, "a b", 7, None])
def test_what_no_server_of_ours_has_said_is_not_told_again(pid: object) -> None:
    assert session_of(pid) == ""
    assert session_of(PID) == PID
