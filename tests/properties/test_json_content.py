"""JSON as content: any value comes back, and nothing else is taken for one; with hypothesis."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from common.json_content import JsonBytes, JsonText, checked, str_of, text_of, value_of
from tests.support.strategies import json_contents, texts


@given(json_contents)
def test_any_value_comes_back_in_one_line_of_utf_8(value: Any) -> None:
    raw = text_of(value).encode()
    found = checked(raw)

    assert (type(found), found) == (JsonBytes, raw)
    assert b"\n" not in raw
    assert b"\r" not in raw
    assert value_of(str_of(found)) == value


@given(json_contents, st.sampled_from([None, 0, 3]), st.booleans())
def test_however_it_is_written_it_has_one_form(
    value: Any, indent: int | None, is_ascii: bool
) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=is_ascii)

    assert checked(written.encode()) == text_of(value).encode()


@given(st.binary() | texts().map(str.encode) | texts().map(lambda text: f"[{text}]".encode()))
def test_what_is_taken_for_json_is_json(raw: bytes) -> None:
    found = checked(raw)

    if type(found) is not JsonBytes:
        assert found is raw
        return
    assert isinstance(value_of(JsonText(found.decode())), list | dict)
    assert json.loads(found) == json.loads(raw)
