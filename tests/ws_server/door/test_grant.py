import pytest

from ws_server.door.grant import ANYBODY, ANYBODY_BESIDES_PUSHER, Grant

USER = Grant(user="42", channels=frozenset({"news", "orders.*"}))


@pytest.mark.parametrize(
    ("wanted", "is_allowed"),
    [
        ("news", True),
        ("news.eu", False),
        ("orders.eu", True),
        ("orders.eu.west", True),
        ("orders.*", True),
        ("orders.eu.*", True),
        ("orders", False),
        ("*", False),
        ("user:42", True),
        ("user:43", False),
    ],
)
def test_a_holder_listens_to_what_is_granted_and_to_its_own_channel(
    wanted: str, is_allowed: bool
) -> None:
    assert USER.allows(wanted) is is_allowed


def test_without_asking_a_holder_listens_to_all_that_is_named() -> None:
    assert USER.own == {"user:42"}
    assert USER.default == {"user:42", "news", "orders.*"}


def test_a_holder_of_whom_no_channels_are_said_listens_to_all_but_other_users() -> None:
    user = Grant(user="42")

    assert user.default == user.own == {"user:42"}
    assert user.allows("orders.*")
    assert user.allows("user:42")
    assert not user.allows("user:43")
    assert not user.allows("user:*")


def test_anybody_listens_to_all_but_users() -> None:
    assert ANYBODY.own == ANYBODY.default == frozenset()
    assert ANYBODY.allows("anything.*")
    assert not ANYBODY.allows("user:42")


def test_a_holder_with_no_channels_at_all_listens_to_none() -> None:
    nobody = Grant(channels=frozenset())

    assert not nobody.allows("news")
    assert nobody.default == frozenset()


@pytest.mark.parametrize(
    "name",
    ["private-a", "presence-a", "two:private-a", "private-a.*", "members:presence-a", "private-"],
)
def test_without_a_token_guarded_channels_are_not_for_our_own_clients(name: str) -> None:
    assert ANYBODY.allows(name)
    assert not ANYBODY_BESIDES_PUSHER.allows(name)


@pytest.mark.parametrize("name", ["orders", "my-private-a", "two:orders", "p.*", "presence"])
def test_all_others_are(name: str) -> None:
    assert ANYBODY_BESIDES_PUSHER.allows(name)
