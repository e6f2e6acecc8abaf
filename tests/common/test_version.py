import tomllib
from pathlib import Path

import pytest

from common import version as module
from common.version import UNKNOWN, running_version

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_it_is_the_version_of_the_package() -> None:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]

    assert running_version() == project["version"]


def test_a_folder_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "message-center-that-nobody-has-installed")

    assert running_version() == UNKNOWN
