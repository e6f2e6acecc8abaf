"""What can be done with channels of each kind."""

import pytest

from ws_server.pusher.kinds import Kind, kind_of


@pytest.mark.parametrize(
    ("name", "guarded", "members", "cached", "events"),
    [
        ("news", False, False, False, False),
        ("private-news", True, False, False, True),
        ("presence-news", True, True, False, True),
        ("private-encrypted-news", True, False, False, False),
        ("cache-news", False, False, True, False),
        ("private-cache-news", True, False, True, True),
        ("private-encrypted-cache-news", True, False, True, False),
        ("presence-cache-news", True, True, True, True),
        ("my-cache-private-", False, False, False, False),
    ],
)
def test_the_beginning_of_its_name_says_it(
    name: str, guarded: bool, members: bool, cached: bool, events: bool
) -> None:
    assert kind_of(name) == Kind(guarded, members, cached, events, None)


def test_a_user_has_a_channel_of_its_own() -> None:
    assert kind_of("#server-to-user-42").user == "42"
