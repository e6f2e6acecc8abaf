import os
import socket
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from config.cli import TOKEN, main
from tests.keys import SECRET


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

    assert all(f"  {name} " in shown for name in ("http", "listen", "push", "serve", "token", "ws"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://h/?token=a.b.c", "ws://h/?token=…"),
        ("ws://h/?last=1&token=a.b.c&format=json", "ws://h/?last=1&token=…&format=json"),
        ("ws://h/?token=a&token=b#c", "ws://h/?token=…&token=…#c"),
        ("ws://h/token=a?mytoken=b", "ws://h/token=a?mytoken=b"),
    ],
)
def test_a_token_in_a_url_is_not_shown(url: str, shown: str) -> None:
    assert TOKEN.sub("…", url) == shown


@pytest.mark.integration
def test_the_command_prints_a_token(folder: Path) -> None:
    command = [sys.executable, "-P", "-m", "config", "token", "--user", "42"]
    environ = {**os.environ, "SUBSCRIBE_SECRET": SECRET}
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert jwt.decode(printed.stdout.strip(), SECRET, ["HS256"])["sub"] == "42"


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
