"""Names of channels, wildcards, and what a right to one includes."""

import re
from pathlib import Path

import pytest

from common import channels

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name", ["orders", "orders.eu", "user:42", "a@b-c_d:E.9", "a,b;c=d", "x" * 200]
)
def test_a_name(name: str) -> None:
    assert channels.is_name(name)
    assert channels.is_subscription(name)
    assert not channels.is_wildcard(name)


@pytest.mark.parametrize(
    "name",
    ["", "x" * 201, "a b", "a[b", "a\n", "a\0", "订单", "a*", "*", ".*", "a.*.b", "a/b", "é"],
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


@pytest.mark.parametrize("name", ["orders", "orders.*", "users", "a" * 200])
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
    assert not channels.is_user("x" * 196)


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


def test_a_name_has_the_characters_of_both_worlds() -> None:
    ours = {chr(code) for code in range(0x3000) if channels.is_name(chr(code))}

    assert ours == set(channels.CHARACTERS)
    assert ours > {*"ABCXYZabcxyz0189", *"_-=@,.;"}  # As Pusher has them.
    assert channels.SHOWN.replace("A-Z", "").replace("a-z", "").replace("0-9", "").split() == [
        each for each in channels.CHARACTERS if not each.isalnum()
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        ("a,", ["a", ""]),
        ('["a,b"]', ["a,b"]),
        ('["a","b"]', ["a", "b"]),
        ("[]", []),
        ("[7,null]", [7, None]),
    ],
)
def test_names_are_separated_by_commas_or_stand_in_a_list(text: str, names: list[object]) -> None:
    assert channels.names_in(text) == names


@pytest.mark.parametrize("text", ["[", "[a]", '["a"', '["a"],b', "[" * 100_000])
def test_what_begins_like_a_list_is_one(text: str) -> None:
    with pytest.raises(ValueError, match="and is none"):
        channels.names_in(text)


def test_what_follows_the_last_that_is_allowed_is_one() -> None:
    assert channels.names_in("a,b,c,d", 2) == ["a", "b", "c,d"]


@pytest.mark.parametrize("names", [["a"], ["a", "b.*"], ["a,b"], ["a,b", "c=d;"]])
def test_names_are_written_as_they_are_read(names: list[str]) -> None:
    assert channels.names_in(channels.text_of(names)) == names


def test_the_console_has_the_same_rule() -> None:
    script = (ROOT / "http_api/static/console/names.js").read_text("utf-8")
    found = re.search(r"^const NAME = /\^\[(.*)\]\{1,(\d+)\}\$/;$", script, re.MULTILINE)

    assert found is not None
    assert int(found[2]) == channels.LONGEST
    allowed = re.compile(f"[{found[1]}]")
    same = [chr(code) for code in range(0x300) if allowed.fullmatch(chr(code))]
    assert same == sorted(channels.CHARACTERS)
