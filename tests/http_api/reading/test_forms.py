import pytest

from common.refused import Refused
from http_api.reading import forms
from http_api.reading.limits import MOST_FIELDS, Limits

LIMITS = Limits(content_bytes=300, channels=1)


def error_of(body: bytes, charset: str = "") -> str:
    with pytest.raises(Refused) as refused:
        forms.of_form(body, charset, LIMITS)
    return refused.value.error


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (b"", {}),
        (b"content=a", {"content": "a"}),
        (b"content=a+b%20c%2B", {"content": "a b c+"}),
        (b"content=%E6%B6%88%E6%81%AF", {"content": "消息"}),
        ("content=消息".encode(), {"content": "消息"}),
        (b"content=a=b", {"content": "a=b"}),
        (b"content", {"content": ""}),
        (b"content=a&content=b", {"content": "b"}),  # As in PHP.
        (b"&&content=a&", {"content": "a"}),
        (b"colour=%FF&content=a", {"content": "a"}),  # Others are not even decoded.
        (b"%63ontent=a", {"content": "a"}),
        (b"content=a&channel=x&users=1,2", {"content": "a", "channel": "x", "users": "1,2"}),
    ],
)
def test_the_parameters_that_mean_something_are_found(query: bytes, found: dict[str, str]) -> None:
    assert forms.of_query(query, LIMITS) == found
    if b"=" in query:
        assert forms.of_form(query, "utf-8", LIMITS) == found


@pytest.mark.parametrize("body", [b'{"content":"a=b"}', b"[1]", b" \r\n<a b='c'/>", b'"a=b"'])
def test_json_and_xml_are_no_form(body: bytes) -> None:
    assert error_of(body) == "unsupported_media_type"


def test_a_text_without_a_name_is_the_content_unless_the_query_has_one() -> None:
    assert forms.of_form(b"hello", "", LIMITS) == {"content": "hello"}
    assert forms.of_form(b"hello", "", LIMITS, {"id": "1"}) == {"content": "hello"}
    with pytest.raises(Refused) as refused:
        forms.of_form(b"hello", "", LIMITS, {"content": ""})
    assert refused.value.error == "invalid_form"


@pytest.mark.parametrize("body", [b"a&b", b"&", b" users\n", b"content", b"a%20b"])
def test_a_text_that_may_be_a_form_all_the_same_is_refused(body: bytes) -> None:
    assert error_of(body) == "invalid_form"


def test_a_text_is_all_content() -> None:
    assert forms.of_text(b"a=b&%41\n", "utf-8", LIMITS) == {"content": "a=b&%41\n"}
    assert forms.of_form(b" \r\n", "", LIMITS) == {}


@pytest.mark.parametrize("name", [b"channel", b"channels", b"user", b"users"])
def test_recipients_that_stand_twice_are_refused(name: bytes) -> None:
    error = error_of(b"content=a&" + name + b"=x&" + name + b"=y")

    assert error in ("bad_channel", "bad_user")


@pytest.mark.parametrize("name", [b"chanel", b"User", b"user%5B%5D", b"amp;users"])
def test_a_name_that_was_meant_as_recipients_is_refused(name: bytes) -> None:
    with pytest.raises(Refused):
        forms.of_query(b"content=a&" + name + b"=x", LIMITS)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"content=%FF", "content_not_text"),
        (b"content=" + b"a" * 301, "content_too_large"),
        (b"content=" + b"%" * 1000, "content_too_large"),  # Not even decoded.
        (b"id=" + b"a" * 301, "bad_id"),
        (b"a=1&" * MOST_FIELDS, "too_many_fields"),
    ],
)
def test_what_cannot_be_right_is_refused(body: bytes, error: str) -> None:
    assert error_of(body) == error


def test_another_charset_is_refused_where_it_makes_a_difference() -> None:
    assert forms.of_form(b"content=a", "gbk", LIMITS) == {"content": "a"}
    assert error_of(b"content=%E6%B6%88", "gbk") == "unsupported_media_type"


def test_a_very_long_name_means_nothing() -> None:
    assert forms.of_query(b"channels" * 1000 + b"=a&content=b", LIMITS) == {"content": "b"}


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
    assert forms.unquoted(text) == meant
