import pytest

from http_api.reading.head import content_type_of


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
