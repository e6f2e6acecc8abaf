"""Which revocation is asked for."""

import json
from typing import Any

import pytest

from common.refused import Refused
from common.revocation import JTI, USER, Revocation
from http_api.reading.head import Head
from http_api.tokens.revoking import LEEWAY, NEVER, USUAL_SECONDS, revocation_of

JSON = Head("POST", b"", "application/json")
NOW = 1_000_000
USUAL = NOW + USUAL_SECONDS + LEEWAY


def read(wish: dict[str, Any]) -> Revocation:
    return revocation_of(JSON, json.dumps(wish).encode(), NOW)


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ({"jti": "t1"}, Revocation(JTI, "t1", 0, USUAL, NOW)),
        ({"jti": "名 1", "exp": NOW + 9.5}, Revocation(JTI, "名 1", 0, NOW + 9 + LEEWAY, NOW)),
        ({"jti": "t1", "exp": 1 << 70}, Revocation(JTI, "t1", 0, NEVER + LEEWAY, NOW)),
        ({"user": 42}, Revocation(USER, "42", NOW, USUAL, NOW)),
        ({"user": "42", "before": 0}, Revocation(USER, "42", 0, USUAL, NOW)),
        ({"user": "42", "before": NOW - 0.5}, Revocation(USER, "42", NOW - 1, USUAL, NOW)),
    ],
)
def test_a_wish_is_read(wish: dict[str, Any], found: Revocation) -> None:
    assert read(wish) == found


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"jti": "t1", "user": "42"},
        {"jti": "t1", "before": 5},
        {"jti": ""},
        {"jti": "x" * 256},
        {"jti": "a\nb"},
        {"jti": 5},
        {"user": "42", "before": NOW + LEEWAY + 1},
        {"user": "42", "before": -1},
        {"user": "42", "before": "5"},
        {"user": "42", "exp": True},
        {"user": "42", "exp": NOW},
    ],
)
def test_what_is_not_clear_is_refused(wish: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        read(wish)
    assert (refused.value.error, refused.value.status) == ("bad_revocation", 422)
