"""Misspelled names of parameters: ignoring them would lose what they say.

A name is looked up, not compared with each word, as a request may hold many names. Other words
stay other words: `uid`, `to`, `use` and `user_id` are not taken for `user`. No I/O here.
"""

import re
from collections.abc import Iterator, Mapping
from unicodedata import normalize

LONGEST = 40  # Characters; a longer name is taken for none of the words.
# Words of so many letters and fewer are near to other words, so these misspellings are no sign:
SHORT = 4  # a letter less, or two swapped: `lat` or `lats` is not `last`;
NOT_LONG = 5  # another letter: `taken` is not `token`.
# `?user`, `"user"`, `amp;user` (a URL from HTML), a byte order mark before it; and `user[0]`,
# `user:42` or `user 42`.
WORD = re.compile(r"""[\W_]*(?:amp;)?([^\s:=/\\?&;,"'()<>\[\]{}]*)""")
NUMBER = re.compile(r"\d+$")
MISSPELLED_USER = dict.fromkeys(("usr", "uesr", "usre", "suer"), "user")  # It is short.
JOINTS = str.maketrans("", "", "-_. ")


class Misspellings:
    """All misspellings of some words: a letter more, less or other, or two that changed places.

    `meant` says what each word stands for. If a name is near to two words, the first counts.
    """

    def __init__(self, meant: Mapping[str, str]) -> None:
        self._whole: dict[str, str] = {}  # What a name may be.
        self._shortened: dict[str, str] = {}  # What it may be without one letter of it.
        words = {plain(word): name for word, name in meant.items()}
        for word, name in reversed(words.items()):
            others = [*_lacking(word), *_swapped(word)] if len(word) > SHORT else []
            self._whole.update(dict.fromkeys(others, name))
            self._shortened.update(dict.fromkeys([word], name))
            if len(word) > NOT_LONG:
                self._shortened.update(dict.fromkeys(others, name))
        self._whole.update(words)
        self._longest = max(map(len, words)) + 1

    def meant(self, name: str) -> str | None:
        """The word that was meant by a name, if one was."""
        found = WORD.match(normalize("NFKC", name[: LONGEST + 1]).lower())
        if len(name) > LONGEST or found is None:
            return None
        word = NUMBER.sub("", plain(found[1]))
        if len(word) > self._longest:
            return None
        if word in self._whole:
            return self._whole[word]
        shortened = self._shortened
        return next((shortened[each] for each in _lacking(word) if each in shortened), None)


def plain(name: str) -> str:
    """In small letters, without what joins words: `lastId` and `last-id` are both `lastid`."""
    return name.lower().translate(JOINTS)


def _lacking(word: str) -> Iterator[str]:
    """The word with any one letter left out."""
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _swapped(word: str) -> Iterator[str]:
    """The word with any two neighbours in each other's place."""
    pairs = range(len(word) - 1)
    return (word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in pairs)
