"""Tokens that are right beyond doubt are read; of all others nothing is said."""

from typing import Any

import pytest

from tests.support.keys import SECRET, forged, in_seconds, signed
from ws_server.door.quick_tokens import QuickTokens

QUICK = QuickTokens(SECRET, 5.0)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"sub": "42", "channels": ["orders", "news.*"]},
        {"sub": "42", "exp": in_seconds(3600), "iat": in_seconds(0), "nbf": in_seconds(0)},
        {"name": "张三", "exp": in_seconds(3600)},
        {"jti": "1"},
    ],
)
def test_a_usual_token_is_read(claims: dict[str, Any]) -> None:
    assert QUICK.claims(signed(claims)) == claims


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": in_seconds(-3600)},
        {"exp": in_seconds(3600) + 0.5},
        {"exp": True},
        {"exp": str(in_seconds(3600))},
        {"nbf": in_seconds(3600)},
        {"iat": in_seconds(3600)},
        {"iat": "0"},
        {"aud": "a"},
        {"other": 1},
    ],
)
def test_what_needs_a_second_look_is_left_to_the_library(claims: dict[str, Any]) -> None:
    assert QUICK.claims(signed(claims)) is None


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c", "..", signed({}) + "=", signed({})[:-1], "x" + signed({})]
)
def test_what_is_not_signed_with_the_secret_is_not_read(text: str) -> None:
    assert QUICK.claims(text) is None


def test_a_token_of_another_secret_or_with_more_in_its_header_is_not_read() -> None:
    assert QuickTokens(SECRET + "x", 5.0).claims(signed({})) is None
    assert QUICK.claims(signed({}, kid="a")) is None
    assert QUICK.claims(forged({"alg": "HS512"}, {}, SECRET.encode())) is None
