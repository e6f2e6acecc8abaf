"""What a client may listen to, by its `auth`."""

from typing import Any

import jwt
import pytest

from common.refused import Refused
from config.settings import Settings
from ws_server.door.policy import Policy
from ws_server.door.tokens import Tokens
from ws_server.socketio.admission import listen_of, names_of

SECRET = "a secret that has 32 bytes or more"
GUARDED = Policy(Tokens(Settings(subscribe_secret=SECRET)), max_channels=2)
OPEN = Policy(max_channels=2)


def test_channels_are_those_that_it_names() -> None:
    listen = listen_of({"channels": ["a", "b.*"], "last": 3}, OPEN, "::1")

    assert listen.format_name == "socketio"
    assert listen.channels == {"a", "b.*"}
    assert (listen.last, listen.last_id, listen.session, listen.address) == (3, None, "~", "::1")


def test_it_goes_on_after_what_it_had() -> None:
    listen = listen_of({"pid": "1.2~~1a-5-0", "offset": "1a-7-0"}, OPEN, "")

    assert (listen.session, listen.last_id) == ("1.2~~1a-5-0", "1a-7-0")
    assert listen_of({"last_id": "1a-7-0"}, OPEN, "").last_id == "1a-7-0"


def test_without_names_the_channels_of_the_token_are_meant() -> None:
    token = jwt.encode({"sub": "7", "channels": ["a"]}, SECRET, "HS256")

    listen = listen_of({"token": token}, GUARDED, "")

    assert (sorted(listen.channels), listen.grant.user) == (["a", "user:7"], "7")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({}, "unauthorized"),
        ({"token": 7}, "bad_token"),
        ({"token": "no"}, "bad_token"),
    ],
)
def test_who_shows_no_right_token_is_refused(said: dict[str, Any], error: str) -> None:
    with pytest.raises(Refused) as refused:
        listen_of(said, GUARDED, "")

    assert refused.value.error == error


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"channels": "no name"}, "bad_channel"),
        ({"channels": [7]}, "bad_channel"),
        ({"channels": {}}, "bad_channel"),
        ({"channels": ["a", "b", "c"]}, "too_many_channels"),
        ({"channels": [f"c{number}" for number in range(10_000)]}, "too_many_channels"),
        ({"channels": ["user:7"]}, "channel_forbidden"),
        ({"last": True}, "bad_last"),
        ({"last": 1001}, "bad_last"),
        ({"last": "3"}, "bad_last"),
    ],
)
def test_what_cannot_be_is_refused(said: dict[str, Any], error: str) -> None:
    with pytest.raises(Refused) as refused:
        listen_of(said, OPEN, "")

    assert refused.value.error == error


def test_a_single_name_need_not_stand_in_a_list() -> None:
    assert names_of("a,b") == ["a,b"]
