"""What a token is to say: which wishes are read, and which are refused."""

import json
from typing import Any

import pytest

from common.refused import Refused
from http_api.reading.head import Head
from http_api.tokens.claims import claims_of

JSON = Head("POST", b"", "application/json")


def read(wish: Any, head: Head = JSON) -> tuple[dict[str, Any], int]:
    return claims_of(head, wish if isinstance(wish, bytes) else json.dumps(wish).encode(), 3)


@pytest.mark.parametrize(
    ("wish", "claims", "seconds"),
    [
        ({}, {"channels": []}, 3600),
        ({"user": "42"}, {"sub": "42", "channels": []}, 3600),
        ({"user": 42, "seconds": 1}, {"sub": "42", "channels": []}, 1),
        ({"channels": ["a", "news.*", "a"]}, {"channels": ["a", "news.*"]}, 3600),
        ({"seconds": 86_400}, {"channels": []}, 86_400),
    ],
)
def test_a_wish_is_read(wish: Any, claims: dict[str, Any], seconds: int) -> None:
    assert read(wish) == (claims, seconds)


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ([], "json_not_object"),
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"{\xff}", "content_not_text"),
        ({"channel": "orders"}, "unknown_field"),
        ({"users": ["42"]}, "unknown_field"),
        (b'{"user":"1","user":"2"}', "bad_user"),
        (b'{"channels":["a"],"channels":[]}', "bad_channel"),
        # Perhaps the backend has found nobody; that must not become a token of nobody.
        ({"user": None}, "bad_user"),
        ({"user": ""}, "bad_user"),
        ({"user": "user:42"}, "bad_user"),
        ({"user": "a b"}, "bad_user"),
        ({"user": True}, "bad_user"),
        ({"user": ["42"]}, "bad_user"),
        ({"channels": None}, "bad_channel"),
        ({"channels": "orders,news"}, "bad_channel"),
        ({"channels": [""]}, "bad_channel"),
        ({"channels": [7]}, "bad_channel"),
        ({"channels": ["user:42"]}, "bad_channel"),
        ({"channels": ["*"]}, "bad_channel"),
        ({"channels": ["a", "b", "c", "d"]}, "too_many_channels"),
        ({"seconds": 0}, "bad_seconds"),
        ({"seconds": 86_401}, "bad_seconds"),
        ({"seconds": 60.0}, "bad_seconds"),
        ({"seconds": True}, "bad_seconds"),
        ({"seconds": "60"}, "bad_seconds"),
        ({"seconds": None}, "bad_seconds"),
    ],
)
def test_what_no_token_can_say_is_refused(wish: Any, error: str) -> None:
    with pytest.raises(Refused) as refused:
        read(wish)

    assert (refused.value.error, refused.value.status) == (error, 422)


@pytest.mark.parametrize(
    ("head", "error"),
    [
        # What a page of another site can send without being asked for leave.
        (Head("POST", b"", "text/plain"), "unsupported_media_type"),
        (Head("POST", b"", "application/x-www-form-urlencoded"), "unsupported_media_type"),
        (Head("POST", b"", "multipart/form-data; boundary=a"), "unsupported_media_type"),
        (Head("POST", b""), "unsupported_media_type"),
        (Head("POST", b"", "application/json", "gzip"), "unsupported_media_type"),
        (Head("POST", b"user=42", "application/json"), "unknown_field"),
    ],
)
def test_only_json_in_the_body_is_read(head: Head, error: str) -> None:
    with pytest.raises(Refused) as refused:
        read({}, head)

    assert refused.value.error == error
