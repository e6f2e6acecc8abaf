import pytest

from http_api.percent import unquoted


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (b"", b""),
        (b"plain", b"plain"),
        (b"a+b%2Bc", b"a b+c"),
        (b"%E6%B6%88", "消".encode()),
        (b"%25%34%31", b"%41"),  # What has been decoded is not decoded again.
        (b"100%", b"100%"),
        (b"%zz%4", b"%zz%4"),
    ],
)
def test_what_is_encoded_stands_for_bytes(text: bytes, meant: bytes) -> None:
    assert unquoted(text) == meant
