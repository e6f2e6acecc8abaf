"""What JSON may cost is known before it is read."""

import json

import pytest

from common.refused import Refused
from http_api.reading.documents import read, read_lines


@pytest.mark.parametrize(
    "text",
    [
        "[" + "[]," * 200_000 + "[]]",
        "[" + "{}," * 200_000 + "{}]",
        "[" + '"",' * 200_000 + '""]',
        "{" + '"a":0,' * 200_000 + '"b":0}',
        '{"a":[' + "1," * 200_000 + "1]}",
    ],
    ids=["lists", "objects", "strings", "names", "numbers"],
)
def test_a_document_of_very_many_values_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="more than 100000 values"):
        read(text)
    with pytest.raises(Refused, match="more than 100000 values") as refused:
        list(read_lines(f"1\n\n{text}\n"))
    assert refused.value.index == 1


@pytest.mark.parametrize("character", [",", "[", "{", '"', "\\", '\\",', "\x01", "😀"])
def test_a_long_text_is_one_value_whatever_is_in_it(character: str) -> None:
    content = character * 300_000

    assert read(json.dumps({"content": content})) == {"content": content}


def test_what_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Refused, match="nested too deeply"):
        read("[" * 50_000 + "]" * 50_000)
