import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jwt
import pytest

from tests.support.commands import run
from tests.support.keys import SECRET


def test_only_the_command_that_is_asked_for_is_loaded() -> None:
    program = "import sys; from config.cli.cli import main; print('flask' in sys.modules)"
    command = [sys.executable, "-c", f"{program}; print('redis' in sys.modules)"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed == "False\nFalse\n"


@pytest.mark.parametrize("command", [["serve"], ["push", "hello"], ["listen"]])
def test_a_bad_setting_ends_every_command_with_its_name(folder: Path, command: list[str]) -> None:
    result = run(*command, HTTP_PORT="http")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: HTTP_PORT: must be a whole number")


def test_settings_are_read_from_the_folder_that_it_is_started_in(folder: Path) -> None:
    (folder / ".env").write_text("HTTP_PROT=1\n")

    assert "did you mean HTTP_PORT?" in run("serve").stderr


def test_the_help_names_every_command(folder: Path) -> None:
    shown = run("--help").stdout

    assert all(f"  {name} " in shown for name in ("http", "listen", "push", "serve", "token", "ws"))


def test_the_command_says_its_version(folder: Path) -> None:
    assert run("--version").stdout == f"message-center {version('message-center')}\n"


@pytest.mark.integration
def test_the_command_prints_a_token(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "config.cli", "token", "--user", "42"]
    environ = {**os.environ, "SUBSCRIBE_SECRET": SECRET}
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert jwt.decode(printed.stdout.strip(), SECRET, ["HS256"])["sub"] == "42"
