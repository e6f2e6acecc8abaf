import string

import pytest

from common import channels
from common.pusher.apps import App, Apps
from common.pusher.names import (
    is_presence,
    needs_auth,
    to_ours,
    to_theirs,
    user_to_ours,
    user_to_theirs,
)
from tests.support.pusher_http import TWO


def app(place: int) -> App:
    found = Apps(TWO).with_key(TWO[place][1])
    assert found is not None
    return found


FIRST, SECOND = app(0), app(1)


@pytest.mark.parametrize(
    ("theirs", "first", "second"),
    [
        ("orders", "orders", "7:orders"),
        ("presence-room.1@x", "presence-room.1@x", "7:presence-room.1@x"),
        ("a=b,c;d_E-9", "a=b,c;d_E-9", "7:a=b,c;d_E-9"),
        ("#server-to-user-42", "user:42", "user:7:42"),
    ],
)
def test_names_are_plain_for_the_first_application_only(
    theirs: str, first: str, second: str
) -> None:
    assert (to_ours(FIRST, theirs), to_ours(SECOND, theirs)) == (first, second)
    assert (to_theirs(FIRST, first), to_theirs(SECOND, second)) == (theirs, theirs)
    assert (to_theirs(FIRST, second), to_theirs(SECOND, first)) == (None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "a b", "7:orders", "user:42", "orders.*", "n\u00fc", "a\n", "#orders", "a" * 201),
        *("#server-to-user-", "#server-to-user-7:42", "#server-to-user-user:1"),
        "#server-to-user-a b",
    ],
)
def test_what_is_no_channel_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_ours(FIRST, wrong)


def test_each_character_is_one_of_a_name_or_none() -> None:
    allowed = set(string.ascii_letters + string.digits + "_-=@,.;")

    assert {each for each in map(chr, range(0x3000)) if _is_channel(f"a{each}")} == allowed


def _is_channel(name: str) -> bool:
    try:
        return to_ours(FIRST, name) == name
    except ValueError:
        return False


def test_a_name_must_fit_with_the_id_of_its_application() -> None:
    longest = "a" * channels.LONGEST

    assert to_ours(FIRST, longest) == longest
    with pytest.raises(ValueError, match="with the id of its application"):
        to_ours(SECOND, longest)


def test_no_user_of_the_first_application_is_one_of_another() -> None:
    with pytest.raises(ValueError, match="the id of another application"):
        user_to_ours(FIRST, "7:42")

    assert user_to_ours(SECOND, "7:42") == "7:7:42"
    assert user_to_ours(FIRST, "8:42") == "8:42"
    assert (user_to_theirs(FIRST, "7:42"), user_to_theirs(SECOND, "7:42")) == (None, "42")
    assert user_to_theirs(SECOND, "7:") is None


def test_which_channels_have_members_and_need_a_signature() -> None:
    assert is_presence("presence-room")
    assert not is_presence("private-presence-room")
    assert [needs_auth(f"{kind}room") for kind in ("private-", "presence-", "cache-", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert needs_auth("private-encrypted-room")
