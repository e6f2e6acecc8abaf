"""What is JSON, what is only text, and how much of it is taken."""

from typing import Any

import pytest

from common.json_content import (
    MOST_LEVELS,
    MOST_VALUES,
    JsonBytes,
    JsonText,
    checked,
    holds_more,
    str_of,
    text_of,
    value_of,
)
from common.refused import Refused


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, "{}"),
        ([], "[]"),
        (
            {"b": [1, 1.0, 10**30], "a": None},
            '{"b":[1,1.0,1000000000000000000000000000000],"a":null}',
        ),
        (["订单 😀", '"\\\n\x7f'], '["订单 😀","\\"\\\\\\n\x7f"]'),
        ([0] * (MOST_VALUES - 1), None),
        (["," * 20_000], None),
        (deep(MOST_LEVELS), None),
        (["[{" * MOST_LEVELS], None),
    ],
)
def test_a_value_is_text_as_short_as_it_can_be_and_back(value: Any, text: str | None) -> None:
    found = text_of(value)

    assert type(found) is JsonText
    assert text is None or found == text
    assert value_of(found) == value
    assert value_of(str(found)) == str(found)
    raw = checked(found.encode())
    assert (type(raw), raw) == (JsonBytes, found.encode())
    assert (type(str_of(raw)), str_of(raw)) == (JsonText, found)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([float("inf")], "invalid_json"),
        ([float("nan")], "invalid_json"),
        (deep(MOST_LEVELS + 1), "invalid_json"),
        (deep(2000), "invalid_json"),
        ({"a": [0] * MOST_VALUES}, "too_many_fields"),
    ],
)
def test_what_is_too_much_is_refused(value: Any, error: str) -> None:
    with pytest.raises(Refused) as refused:
        text_of(value)

    assert refused.value.error == error


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"a", b"1", b'"a"', b"null", b" []", b"[", b"[] []", b"[\xff]", b'["\\ud800"]',
        b"[NaN]", b"[-Infinity]", b"[1e999]", b"[01]", b"[" + b"1" * 5000 + b"]", b"[" * 5000,
        b"[" * 51 + b"]" * 51, b"[" + b"0," * MOST_VALUES + b"0]",
    ],
    ids=lambda raw: repr(raw[:12]),
)  # fmt: skip
def test_what_is_no_json_that_could_be_pushed_stays_text(raw: bytes) -> None:
    assert checked(raw) is raw
    assert type(str_of(raw)) is str


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'{ "a" :\n[ 1 , 2 ] }\r\n', b'{"a":[1,2]}'),
        (rb'["\u8ba2\u5355\/\u0001"]', '["订单/\\u0001"]'.encode()),
        (b'{"a":1,"a":2}', b'{"a":2}'),
    ],
)
def test_json_of_anybody_has_one_form(raw: bytes, found: bytes) -> None:
    assert checked(raw) == found


def test_text_that_is_no_utf_8_is_shown_all_the_same() -> None:
    assert str_of(b"a\xff") == "a\ufffd"


@pytest.mark.parametrize("text", ["[" + "0," * 99 + "0]", '["' + "[,{" * 500 + '\\""]'])
def test_values_are_counted_and_not_what_stands_in_texts(text: str) -> None:
    assert holds_more(text, 99) == (text[1] == "0")
    assert not holds_more(text, 100)
