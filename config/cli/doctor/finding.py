"""What the doctor has found: one thing, on one line, and what to do about it."""

import json
from dataclasses import dataclass

from config.printable import printable

OK, NOTE, PROBLEM = "ok", "note", "problem"
LONGEST = 2000  # Characters of a line: an ACL is long.


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` names the look, so that programs find it again; `do` is empty if it is well."""

    level: str
    about: str
    found: str
    do: str = ""

    def line(self) -> str:
        """For people."""
        advice = f" -> {self.do}" if self.do else ""
        return f"{self.level:<8} {self.about:<12} {_plain(self.found)}{_plain(advice)}\n"

    def json(self) -> str:
        """For programs, on one line."""
        fields = {"level": self.level, "about": self.about, "found": self.found, "do": self.do}
        return json.dumps(fields, ensure_ascii=False) + "\n"


def ok(about: str, found: str) -> Finding:
    """All is well here."""
    return Finding(OK, about, found)


def note(about: str, found: str, do: str = "") -> Finding:
    """It works, but one should know."""
    return Finding(NOTE, about, found, do)


def problem(about: str, found: str, do: str) -> Finding:
    """It does not work, or loses messages."""
    return Finding(PROBLEM, about, found, do)


def _plain(text: str) -> str:
    """In pieces, as `printable` keeps a line short."""
    parts = (text[at : at + 200] for at in range(0, min(len(text), LONGEST), 200))
    return "".join(map(printable, parts))
