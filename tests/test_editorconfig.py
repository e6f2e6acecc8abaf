""".editorconfig asks for what the files are like: no editor changes a line that nobody meant to."""

import subprocess
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.processes import ROOT


def sections() -> ConfigParser:
    parser = ConfigParser()
    parser.read_string("[DEFAULT]\n" + (ROOT / ".editorconfig").read_text("utf-8"))
    return parser


def alternatives(pattern: str) -> list[str]:
    """`*.{a,b}` is `*.a` and `*.b`."""
    before, brace, rest = pattern.partition("{")
    names, _, after = rest.partition("}")
    return [f"{before}{name}{after}" for name in names.split(",")] if brace else [pattern]


def wanted(path: str, parser: ConfigParser) -> dict[str, str]:
    """What is asked for a file; the last section that fits wins."""
    found: dict[str, str] = {}
    for section in parser.sections():
        names = (path, Path(path).name)
        if any(fnmatch(name, each) for each in alternatives(section) for name in names):
            found |= dict(parser[section])
    return found


def tracked() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.splitlines() if not name.endswith((".png", ".svg"))]


def test_every_file_is_as_editors_are_told() -> None:
    parser = sections()
    faults = [
        f"{name}:{number}"
        for name in tracked()
        for number, line in enumerate((ROOT / name).read_text("utf-8").split("\n"), 1)
        if line != line.rstrip()
        or (line.startswith("\t") and wanted(name, parser)["indent_style"] != "tab")
    ]

    assert faults == []


def test_every_file_ends_with_a_line_end() -> None:
    texts = {name: (ROOT / name).read_bytes() for name in tracked()}

    assert [name for name, text in texts.items() if text and not text.endswith(b"\n")] == []
    assert [name for name, text in texts.items() if b"\r\n" in text] == []


def test_python_is_as_wide_as_the_linter_allows() -> None:
    project = (ROOT / "pyproject.toml").read_text("utf-8")

    assert f"line-length = {sections()['*.py']['max_line_length']}\n" in project
