import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import run
from tests.support.scripted_api import Reply, ScriptedApi, answering, refuses

pytestmark = pytest.mark.integration
RATES = {"pushes": 3, "settled": 3, "deliveries": 9}
STATS = {"code": 0, "redis": {"ok": True}, "totals": {"rates": RATES}, "processes": []}
# It is ready, and has the answer to /stats for the rest.
BOTH = Reply(200, json.dumps({"status": "ready", **STATS}))


def settings_of(http: ScriptedApi, ws: ScriptedApi) -> dict[str, str]:
    return {"HTTP_PORT": str(http.server_port), "WS_PORT": str(ws.server_port)}


def test_the_status_is_0_where_both_are_ready(folder: Path) -> None:
    with answering(BOTH) as http, answering(BOTH) as ws:
        result = run("status", "--token", "mine", **settings_of(http, ws))
        as_json = run("status", "--json", **settings_of(http, ws))

    assert (result.exit_code, as_json.exit_code) == (0, 0)
    assert "A second   3 pushes, 3 settled, 9 deliveries\n" in result.stdout
    assert json.loads(as_json.stdout)["totals"] == {"rates": RATES}
    assert http.asked[0].authorization == "Bearer mine"


def test_the_status_is_1_where_one_is_not(folder: Path) -> None:
    with answering(BOTH) as http, answering(refuses(503, "not_ready")) as ws:
        result = run("status", **settings_of(http, ws))

    assert result.exit_code == 1
    assert "not ready: 503: not_ready" in result.stdout


def test_top_needs_a_terminal(folder: Path) -> None:
    result = run("top")

    assert result.exit_code == 2
    assert "it needs a terminal" in result.stderr


def test_top_draws_until_a_key(folder: Path) -> None:
    person, program = pty.openpty()
    with answering(BOTH) as http, answering(BOTH) as ws:
        top = subprocess.Popen(
            [sys.executable, "-P", "-m", "config.cli", "top", "--interval", "0.2"],
            env={**os.environ, **settings_of(http, ws)},
            preexec_fn=lambda: os.login_tty(program),  # noqa: PLW1509  # A terminal of its own.
        )
        shown = b""
        while shown.count(b"9 deliveries") < 3:
            shown += os.read(person, 4096)
        os.write(person, b"q")
        try:
            status = top.wait(90)
        finally:
            top.kill()
            top.wait()
    os.close(program)
    os.close(person)

    assert status == 0
    assert "deliveries ██".encode() in shown
