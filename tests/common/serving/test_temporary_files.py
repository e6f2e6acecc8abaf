import tempfile
from pathlib import Path

import pytest

from common.serving import temporary_files as module
from common.serving.temporary_files import need_temporary_files
from config.errors import SettingsError


@pytest.fixture(autouse=True)
def _no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_no_folder() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", find_no_folder)
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_without_a_temporary_folder_memory_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MEMORY", str(tmp_path))

    need_temporary_files()

    assert tempfile.tempdir == str(tmp_path)


def test_without_any_place_for_temporary_files_it_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "MEMORY", str(tmp_path / "nowhere"))

    with pytest.raises(SettingsError, match=r"^TMPDIR: no folder for temporary files"):
        need_temporary_files()
