import pytest

from http_api.head import Head, content_type_of, head_of


def test_the_head_of_a_request_is_what_wsgi_says() -> None:
    environ = {
        "REQUEST_METHOD": "post",
        "QUERY_STRING": "content=\xe9",
        "CONTENT_TYPE": "text/plain",
        "HTTP_CONTENT_ENCODING": "gzip",
        "HTTP_IDEMPOTENCY_KEY": "1",
    }

    assert head_of(environ) == Head("POST", b"content=\xe9", "text/plain", "gzip", "1")
    assert head_of({"REQUEST_METHOD": "GET"}) == Head("GET", b"")


def test_an_empty_key_is_not_the_same_as_none() -> None:
    assert head_of({"REQUEST_METHOD": "GET", "HTTP_IDEMPOTENCY_KEY": ""}).idempotency_key == ""


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", ("", "", "")),
        ("Text/PLAIN", ("text/plain", "", "")),
        ("application/json; charset=UTF-8", ("application/json", "UTF-8", "")),
        ('multipart/form-data; boundary="a b"', ("multipart/form-data", "", "a b")),
        (";;=", ("", "", "")),
    ],
)
def test_a_content_type_says(header: str, told: tuple[str, str, str]) -> None:
    assert content_type_of(header) == told


@pytest.mark.parametrize(
    ("header", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/problem+json", False),
        ("text/json", False),
        ("application/x-ndjson", False),
        ("", False),
    ],
)
def test_json_is_known_by_its_type(header: str, is_json: bool) -> None:
    assert content_type_of(header).is_json is is_json
