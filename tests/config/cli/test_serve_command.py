"""What it refuses before it starts anything, and what it says to programs.

The rest is in tests/integration/test_serve.py.
"""

import json
import logging
import socket
from pathlib import Path

import pytest

from common.journal.lines import JSON, formatter
from config import leftovers
from config.cli.banner import Banner
from config.cli.serve_command import ForPrograms
from config.settings import Settings
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


def test_programs_are_told_in_a_line_for_each_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as other:  # It answers nothing: no Redis.
        port = other.getsockname()[1]
        banner = Banner(
            settings=Settings(ws_port=8081),
            redis_url="redis://:secret@127.0.0.1:7001/0",
            command="message-center",
            environ={},
            other_redis=port,
        )
        ForPrograms().up(banner, has_redis=False)
    ForPrograms().ended("ws_server ended with status 1")

    lines = [formatter(JSON, "serve").format(record) for record in caplog.records]
    up, beside, ended = map(json.loads, lines)

    assert not any("\\n" in line for line in lines)
    assert up["event"] == "up"
    assert up["http"] == "http://127.0.0.1:2346/"
    assert up["websocket"] == "ws://127.0.0.1:8081/"
    assert (up["redis"], up["redis_answers"]) == ("redis://:***@127.0.0.1:7001/0", False)
    assert (beside["level"], beside["msg"]) == (
        "warning",
        f"(port {port} is another program's)",
    )
    assert (ended["level"], ended["msg"]) == ("error", "ws_server ended with status 1")
