"""Which files are generated, and what they have to hold."""

import re
from collections.abc import Callable
from pathlib import Path

from docs.reference import answers, commands, env_example, listening, settings
from docs.reference.language import CHINESE, ENGLISH, FOLDER, Language
from docs.rooms import ROOT

Section = Callable[[Language], str]

# What stands in a page as `<!-- name -->`.
SECTIONS: dict[str, Section] = {
    "settings": settings.tables,
    "routes": answers.routes,
    "answers": answers.table,
    "parameters": listening.parameters,
    "notices": listening.notices,
    "gaps": listening.gaps,
    "close codes": listening.close_codes,
    "commands": commands.commands,
}
NOTE = "<!-- Generated from the code by `make docs`: change the code, or docs/reference/. -->\n\n"


def generated() -> dict[Path, str]:
    """The text of each file."""
    return {
        ROOT / "docs" / "reference.md": page(ENGLISH, "page.en.md"),
        ROOT / "docs" / "reference.zh-CN.md": page(CHINESE, "page.zh-CN.md"),
        ROOT / ".env.example": env_example.text(),
    }


def page(language: Language, name: str) -> str:
    text = (FOLDER / name).read_text("utf-8")
    return NOTE + re.sub(r"<!-- (.+?) -->", lambda found: SECTIONS[found[1]](language), text)
