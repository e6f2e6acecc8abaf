"""The place of a client, as it shows it."""

import pytest

from common.message import Mark
from ws_server.socketio.session import last_id, pid_of, session_of

AT = Mark.parse("1a-5-0") or Mark("", 0)
PID, OF_7 = (pid_of(session_of(None, user), "1.2", AT, complete=True) for user in (None, "7"))


@pytest.mark.parametrize(
    ("pid", "offset", "found"),
    [
        (None, None, None),
        (PID, None, "1a-5-0"),  # It has got nothing yet.
        (PID, "1a-7-0", "1a-7-0"),
        (PID, "19-9-0", "1a-5-0"),  # After a gap.
        (PID, "chat", "1a-5-0"),
        ("of another server", "chat", "?"),  # It is told of a gap.
        ("\ud800~~1a-5-0", None, "?"),
        ("x" * 200 + "~~1a-5-0", None, "?"),
        (None, "1a-7-0\n", "?"),
        (7, {}, None),
        (OF_7, "1a-7-0", None),  # It had another token.
    ],
)
def test_the_newest_place_counts_that_a_client_shows(
    pid: object, offset: object, found: str | None
) -> None:
    assert last_id({"pid": pid, "offset": offset}, None) == found


@pytest.mark.parametrize("pid", ["\ud800~~1-1-0", "", "x" * 201, "a b~~1-1-0", "a~b", 7, None])
def test_what_no_server_of_ours_has_said_is_not_told_again(pid: object) -> None:
    assert session_of(pid, None) == "~"
    assert session_of(PID, None) == PID


def test_a_place_is_of_one_user() -> None:
    assert session_of(OF_7, "7") == OF_7
    assert last_id({"pid": OF_7, "offset": "1a-7-0"}, "7") == "1a-7-0"
    assert last_id({"pid": PID, "offset": "1a-7-0"}, "7") is None
    assert last_id({"pid": PID, "offset": "1a-7-0", "last_id": "1a-6-0"}, "7") == "1a-6-0"
    assert pid_of(session_of(PID, "7"), "1.3", AT, complete=True) == OF_7.replace("1.2", "1.3")
    assert session_of(OF_7, "\ud800") != session_of(OF_7, "8") != session_of(OF_7, None)


def test_the_same_is_told_again_only_to_who_misses_nothing() -> None:
    assert pid_of(PID, "1.3", AT, complete=True) == PID
    assert pid_of(PID, "1.3", AT, complete=False) == PID.replace("1.2", "1.3")
