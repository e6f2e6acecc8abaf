"""What is read of a body in JSON, and what is refused."""

import pytest

from common.refused import Refused
from http_api.reading.head import Head
from http_api.tokens.wish import document_of, user_of

JSON = Head("POST", b"", "application/json")


def test_an_object_with_known_fields_is_read() -> None:
    assert document_of(JSON, b'{"a": 1}', ("a", "b")) == {"a": 1}


@pytest.mark.parametrize(
    ("head", "body", "error"),
    [
        (JSON, b'{"c": 1}', "unknown_field"),
        (JSON, b"[1]", "json_not_object"),
        (JSON, b"{", "invalid_json"),
        (JSON._replace(query=b"a=1"), b"{}", "unknown_field"),
        (JSON._replace(content_type="text/plain"), b"{}", "unsupported_media_type"),
        (JSON._replace(content_encoding="gzip"), b"{}", "unsupported_media_type"),
    ],
)
def test_anything_else_is_refused(head: Head, body: bytes, error: str) -> None:
    with pytest.raises(Refused) as refused:
        document_of(head, body, ("a", "b"))
    assert refused.value.error == error


def test_a_user_may_be_a_number_and_must_be_one_that_there_can_be() -> None:
    assert user_of(42) == user_of("42") == "42"
    for value in ("a b", "", True, None, 1.5):
        with pytest.raises(Refused) as refused:
            user_of(value)
        assert refused.value.error == "bad_user"
