"""Names of channels, wildcards, and what a right to one includes."""

import pytest

from common import channels


@pytest.mark.parametrize("name", ["orders", "orders.eu", "user:42", "a@b-c_d:E.9", "x" * 100])
def test_a_name(name: str) -> None:
    assert channels.is_name(name)
    assert channels.is_subscription(name)
    assert not channels.is_wildcard(name)


@pytest.mark.parametrize(
    "name",
    ["", "x" * 101, "a b", "a,b", "a\n", "a\0", "订单", "a*", "*", ".*", "a.*.b", "a/b", "é"],
)
def test_no_name(name: str) -> None:
    assert not channels.is_name(name)
    assert not channels.is_subscription(name)


def test_a_wildcard_is_a_name_and_a_dot_and_a_star() -> None:
    assert channels.is_wildcard("orders.*")
    assert channels.is_wildcard("orders.eu.*")
    assert not channels.is_wildcard("orders*")
    assert not channels.is_name("orders.*")


def test_no_wildcard_reaches_users() -> None:
    assert not channels.is_wildcard("user:4.*")
    assert not channels.is_subscription("user:4.*")
    assert list(channels.subscriptions_to("user:4.2")) == ["user:4.2"]
    assert not channels.covers("user:4.*", "user:4.2")


@pytest.mark.parametrize("name", ["orders", "orders.*", "users", "a" * 100])
def test_a_token_can_grant_names_and_wildcards(name: str) -> None:
    assert channels.is_grantable(name)


@pytest.mark.parametrize("name", ["", "user:42", "user:42.*", "*", "a b", 42, None, ["orders"]])
def test_a_token_can_grant_nothing_else_and_no_channel_of_a_user(name: object) -> None:
    assert not channels.is_grantable(name)


def test_a_user_has_a_channel() -> None:
    assert channels.of_user("42") == "user:42"
    assert channels.is_user("42")
    assert channels.is_user("a@example.org")
    assert not channels.is_user("")
    assert not channels.is_user("4 2")
    assert not channels.is_user("x" * 96)


def test_who_gets_a_message_to_a_name() -> None:
    assert list(channels.subscriptions_to("orders")) == ["orders"]
    assert list(channels.subscriptions_to("orders.eu.1")) == [
        "orders.eu.1",
        "orders.*",
        "orders.eu.*",
    ]
    assert list(channels.subscriptions_to(".a")) == [".a"]


@pytest.mark.parametrize(
    ("granted", "wanted", "allowed"),
    [
        ("orders", "orders", True),
        ("orders", "orders.eu", False),
        ("orders.*", "orders.eu", True),
        ("orders.*", "orders.eu.1", True),
        ("orders.*", "orders.*", True),
        ("orders.*", "orders.eu.*", True),
        ("orders.*", "orders", False),
        ("orders.*", "ordersx", False),
        ("orders.eu.*", "orders.*", False),
        ("orders.eu", "orders.*", False),
    ],
)
def test_what_a_right_includes(granted: str, wanted: str, *, allowed: bool) -> None:
    assert channels.covers(granted, wanted) is allowed
