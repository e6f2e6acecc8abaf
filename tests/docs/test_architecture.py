"""docs/architecture.md names what is in the code, and counts its words."""

import ast
import re
from functools import cache

import pytest

from docs.picture import STOPS
from docs.rooms import ROOT, arrows, floor_of

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
MOST_WORDS = 40


def rows(section: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    _, _, after = PAGE.partition(f"\n## {section}\n")
    lines = [line for line in after.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


WORDS = rows("The words")


@cache
def names_in(path: str) -> set[str]:
    """The classes of a file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def test_the_stops_of_a_message_are_those_of_the_picture() -> None:
    _, _, way = PAGE.partition("## The way of one message")

    assert re.findall(r"^\d\. \*\*`(.+?)`\*\*", way, re.MULTILINE) == [stop for _, stop in STOPS]


def test_the_words_are_counted_and_few() -> None:
    assert [row[0] for row in WORDS] == [str(number + 1) for number in range(len(WORDS))]
    assert len(WORDS) <= MOST_WORDS
    assert f"\n{len(WORDS)} words," in PAGE


@pytest.mark.parametrize("row", WORDS, ids=lambda row: row[1])
def test_a_word_is_in_the_file_that_is_named(row: list[str]) -> None:
    _, word, _, where = row
    path = where.strip("`")

    assert (ROOT / path).is_file()
    if word.startswith("`"):
        assert word.strip("`") in names_in(path)


def test_the_rooms_are_on_the_floors_that_are_named() -> None:
    known = arrows()

    assert {(floor, room.strip("`")) for floor, room, _ in rows("The rooms")} == {
        (str(floor_of(room, known)), room) for room in known
    }


def test_the_states_are_those_of_the_code() -> None:
    text = (ROOT / "ws_server/clients/connection.py").read_text("utf-8")
    states = re.findall(r"^    ([A-Z]+) = ", text, re.MULTILINE)

    assert [state for state, *_ in rows("The states of a client")] == states
