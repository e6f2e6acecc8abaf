"""The class in WORKER_CLASS, found among the modules of its own project."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import config
import ws_server
from config import settings
from config.errors import SettingsError
from ws_server.named_class import load_worker_class
from ws_server.worker import Worker

ROOT = Path(__file__).parents[2]
WORKER = """
from ws_server.worker import Worker
from ws_server.clients.connection import Connection
{}

class Mine(Worker):
    said = TEXT
"""
TEXT = "TEXT = 'of the project'\n"


class Mine(Worker):
    """A user's own."""


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder of a user's own, which the process is started in; it leaves no modules behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(ws_server, "__path__", [*ws_server.__path__])
    before = dict(sys.modules)
    yield tmp_path
    sys.modules.clear()
    sys.modules.update(before)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Modules by their paths without `.py`."""
    for name, content in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


def test_a_subclass_is_found_by_its_name() -> None:
    assert load_worker_class(f"{__name__}:Mine").__qualname__ == "Mine"
    assert load_worker_class("ws_server.worker:Worker") is Worker


@pytest.mark.parametrize(
    "path",
    ["no.such.module:Worker", "ws_server.worker:Nobody", "ws_server.clients.hub:Hub", "os:sep"],
)
def test_anything_else_stops_the_start_with_the_name_of_the_setting(path: str) -> None:
    with pytest.raises(SettingsError, match="^WORKER_CLASS: .*" + path.split(":", maxsplit=1)[0]):
        load_worker_class(path)


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("from texts import TEXT", {"texts": TEXT}),
        ("from config import TEXT", {"config": TEXT}),
        ("import config; TEXT = config.TEXT", {"config": TEXT}),
        ("from config.texts import TEXT", {"config/__init__": "", "config/texts": TEXT}),
        ("from config.texts import TEXT", {"config/texts": TEXT}),
        ("from config.settings import TEXT", {"config/__init__": "", "config/settings": TEXT}),
        ("from common.message import TEXT", {"common/__init__": "", "common/message": TEXT}),
        ("from http_api.texts import TEXT", {"http_api/__init__": "", "http_api/texts": TEXT}),
        ("from ws_server.texts import TEXT", {"ws_server/__init__": "", "ws_server/texts": TEXT}),
        (
            "from common.texts import TEXT",
            {"config": TEXT, "common/__init__": "", "common/texts": "from config import TEXT"},
        ),
    ],
)
def test_a_project_has_its_own_modules_by_the_names_of_ours(
    project: Path, line: str, files: dict[str, str]
) -> None:
    write(project, {"my_worker": WORKER.format(line), **files})

    assert vars(load_worker_class("my_worker:Mine"))["said"] == "of the project"


def test_the_class_itself_may_be_in_a_package_called_like_one_of_ours(project: Path) -> None:
    write(project, {"common/__init__": "", "common/workers": WORKER.format(TEXT)})

    assert vars(load_worker_class("common.workers:Mine"))["said"] == "of the project"


def test_ours_are_back_after_it(project: Path) -> None:
    write(project, {"my_worker": WORKER.format("from config import TEXT"), "config": TEXT})

    load_worker_class("my_worker:Mine")

    assert sys.modules["config"] is config
    assert sys.modules["config.settings"] is settings


@pytest.mark.parametrize("beside", ["settings.yaml", "README"])
def test_a_folder_without_python_stands_in_for_nothing(project: Path, beside: str) -> None:
    (project / "config").mkdir()
    (project / "config" / beside).touch()
    write(project, {"my_worker": WORKER.format("from config.setting import KIB as TEXT")})

    assert vars(load_worker_class("my_worker:Mine"))["said"] == 1024


def test_a_module_that_wants_ours_gets_it_beside_one_of_the_same_name(project: Path) -> None:
    write(
        project,
        {"my_worker": WORKER.format("from config.setting import KIB as TEXT"), "config": TEXT},
    )

    assert vars(load_worker_class("my_worker:Mine"))["said"] == 1024


def test_what_cannot_be_had_both_ways_is_said_in_one_sentence(project: Path) -> None:
    both = "from config import TEXT\nfrom config.setting import KIB"
    write(project, {"my_worker": WORKER.format(both), "config": TEXT})

    with pytest.raises(SettingsError, match=r"^WORKER_CLASS: cannot load my_worker:Mine") as told:
        load_worker_class("my_worker:Mine")

    assert "the folder of the start has a config of its own" in str(told.value)
    assert "rename yours" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("path", ["my_worker:Other", "no_such_module:Mine"])
def test_names_that_both_have_are_not_blamed_for_another_mistake(project: Path, path: str) -> None:
    write(project, {"my_worker": WORKER.format("from config import TEXT"), "config": TEXT})

    with pytest.raises(SettingsError, match=f"^WORKER_CLASS: cannot load {path}") as told:
        load_worker_class(path)

    assert "rename" not in str(told.value)


def test_a_module_that_is_no_python_is_told_with_its_line(project: Path) -> None:
    write(project, {"my_worker": "\nclass Mine\n"})

    with pytest.raises(SettingsError, match=r"^WORKER_CLASS: .*\(my_worker\.py, line 2\)$"):
        load_worker_class("my_worker:Mine")


def test_a_folder_that_is_gone_does_not_hide_what_is_installed(tmp_path: Path) -> None:
    program = (
        "import os, sys; sys.path.insert(0, sys.argv[2]); os.chdir(sys.argv[1]); "
        "os.rmdir(sys.argv[1]); from ws_server.named_class import load_worker_class as load; "
        "print(load('ws_server.worker:Worker').__name__)"
    )
    (tmp_path / "gone").mkdir()
    command = [sys.executable, "-P", "-c", program, str(tmp_path / "gone"), str(ROOT)]

    assert subprocess.run(command, capture_output=True, check=True).stdout == b"Worker\n"
