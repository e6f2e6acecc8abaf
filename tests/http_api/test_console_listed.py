"""Names of channels as one text, as the console writes and reads them."""

import pytest

from common import channels
from tests.support.snippets import Call, written

NAMES = [["a"], ["a", "b.*"], ["a,b"], ["a,b", "c=d;"], []]


def test_it_writes_and_reads_names_as_the_server_does() -> None:
    texts = [channels.text_of(names) for names in NAMES]
    calls: list[Call] = [("listed.js", "listed", [names]) for names in NAMES]
    assert written(calls) == texts

    read = written([("listed.js", "namesIn", [text]) for text in texts])
    assert read == [channels.names_in(text) for text in texts]


@pytest.mark.parametrize("text", ["[", '["a"'])
def test_what_begins_like_a_list_and_is_none_can_be_no_name(text: str) -> None:
    [names] = written([("listed.js", "namesIn", [text])])

    assert names == [text]
    assert not channels.is_name(text)
