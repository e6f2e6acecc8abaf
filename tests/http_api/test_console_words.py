"""The console's words: each is there in both languages, with the same places for values."""

import re

import pytest

from tests.support.snippets import CONSOLE, written

NAMES = sorted(path.name for path in (CONSOLE / "words").glob("*.js"))
PLACE = re.compile(r"\{\w+\}")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there_in_both_languages(name: str) -> None:
    [words] = written([(f"words/{name}", "default", [])])

    assert set(words) == {"en", "zh"}
    places = {
        language: {key: set(PLACE.findall(text)) for key, text in table.items()}
        for language, table in words.items()
    }
    assert places["en"] == places["zh"]
