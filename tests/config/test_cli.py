import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.cli import main


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty one to start the command in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env=environ)


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

    assert all(f"  {name} " in shown for name in ("http", "listen", "push", "serve", "ws"))


@pytest.mark.integration
def test_a_push_to_nobody_fails_with_the_address(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # And nobody listens at it.
        port = taken.getsockname()[1]
        result = run("push", "hello", HTTP_HOST="127.0.0.1", HTTP_PORT=str(port))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: no answer from http://127.0.0.1:{port}/push: ")


@pytest.mark.integration
def test_serve_says_which_port_is_taken(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run("serve", HTTP_HOST="127.0.0.1", HTTP_PORT=port)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: HTTP_PORT: cannot use 127.0.0.1:{port}: ")
