"""A language of the reference: the texts of the code, or their translations.

A translation is found by what it is about (`settings.HTTP_PORT`), not by the English text.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class Untranslated(Exception):
    """Something in the code that the translation does not have."""


class Language:
    """`translations` by section and name; without any, the language is English."""

    def __init__(self, translations: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._translations = translations
        self._used: set[tuple[str, str]] = set()

    def say(self, section: str, name: str, english: str) -> str:
        """What the code says of `name` as `english`.

        Raises:
            Untranslated: there is no translation.
        """
        self._used.add((section, name))
        if self._translations is None:
            return english
        try:
            return self._translations[section][name]
        except KeyError:
            raise Untranslated(f"[{section}] {name!r}: {english}") from None

    def left_over(self) -> Iterator[str]:
        """Translations of what the code does not have."""
        for section, texts in (self._translations or {}).items():
            yield from (
                f"[{section}] {name}" for name in texts if (section, name) not in self._used
            )

    def listed(self, words: Iterable[str]) -> str:
        return self.say("words", ", ", ", ").join(words)

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        """In Markdown; the heads are translated, the rows are as they are."""
        lines = [[self.say("heads", head, head) for head in heads], *rows]
        written = ["|" + "|".join(map(_padded, line)) + "|" for line in lines]
        return "\n".join([written[0], "|" + "---|" * len(heads), *written[1:]])


def _padded(cell: str) -> str:
    return f" {cell} " if cell else " "


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text("utf-8"))


ENGLISH = Language()
CHINESE = Language(_read("zh-CN.toml"))
