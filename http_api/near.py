"""Names that were meant as others: a slip must not become a push to everybody.

They are looked up, not compared, as a body may hold many names. What the original ignores
stays ignored: `uid`, `to`, `use` and `user_id` are other words, not slips.
"""

import re
from collections.abc import Iterator, Sequence
from unicodedata import normalize

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"
LONGEST = 40  # Characters; a longer name is no slip.
SHORT = 5  # Of a shorter name, what lacks a letter can be another word.
ABBREVIATED = {"usr": "user", "usrs": "users"}
# `?user`, `"user"`, `amp;user` (a URL from HTML), a byte order mark before it; and `user[0]`.
WORD = re.compile(r"[\W_]*(?:amp;)?([a-z0-9_.-]*)")
PLACE = re.compile(r"[._-]+\d*$")


class Slips:
    """All slips of some names: a letter more, less or other, or two that changed places."""

    def __init__(self, names: Sequence[str]) -> None:
        self._meant = dict(ABBREVIATED)
        for name in reversed(names):  # The first that is near counts.
            self._meant.update(dict.fromkeys(_slips(name), name))
        self._meant.update({name: name for name in names})

    def meant(self, name: str) -> str | None:
        """Which of the names was meant by one that is none of them; None if none was."""
        if len(name) > LONGEST:
            return None
        found = WORD.match(normalize("NFKC", name).lower())
        return self._meant.get(PLACE.sub("", found[1])) if found else None


def _slips(name: str) -> Iterator[str]:
    for place in range(len(name) + 1):
        before, after = name[:place], name[place:]
        for letter in LETTERS:
            yield f"{before}{letter}{after}"
            if len(name) > SHORT:
                yield f"{before}{letter}{after[1:]}"
        if len(name) >= SHORT:
            yield f"{before}{after[1:]}"
        if len(after) > 1:
            yield f"{before}{after[1]}{after[0]}{after[2:]}"
