"""What it refuses before it starts anything. The rest is in tests/integration/test_serve.py."""

import socket
from pathlib import Path

import pytest

from config import leftovers
from tests.support.commands import run


@pytest.mark.integration
def test_serve_refuses_before_it_starts_anything(folder: Path) -> None:
    result = run("serve", HTTP_HOST="0.0.0.0", DATA_DIR="data")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PUSH_TOKENS: at HTTP_HOST=0.0.0.0 other machines")
    assert list(folder.iterdir()) == []


@pytest.mark.integration
def test_serve_says_which_port_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run("serve", HTTP_HOST="127.0.0.1", HTTP_PORT=port)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: HTTP_PORT: cannot use 127.0.0.1:{port}: ")
