"""`message-center status` of real servers."""

import json
import subprocess
import sys

from tests.support.processes import ROOT, environment, wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT

TOKEN = "0123456789abcdef"


def status(system: System, ws_port: int, *options: str) -> subprocess.CompletedProcess[str]:
    settings = {"HTTP_PORT": system.http_port, "WS_PORT": ws_port, "PUSH_TOKENS": f"me:{TOKEN}"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "config.cli", "status", *options],
        env={**environment(**settings), "PYTHONPATH": f"{ROOT}:{ROOT}/clients/python"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def test_it_tells_of_listeners_and_of_a_server_that_is_gone(system: System) -> None:
    system.start_http(PUSH_TOKENS=f"me:{TOKEN}")
    ws, port = system.start_ws()
    system.connect(port, 3)
    wait_until(lambda: "3 connected" in status(system, port).stdout, "the listeners")

    up = status(system, port)
    as_json = json.loads(status(system, port, "--json").stdout)
    stranger = status(system, port, "--token", "wrong")
    ws.kill_all()
    down = status(system, port)

    assert (up.returncode, up.stderr) == (0, "")
    assert "To do" not in up.stdout
    assert f"127.0.0.1:{port}/  ready" in up.stdout
    assert "\nhttp  " in up.stdout
    assert "\nws    " in up.stdout
    assert as_json["totals"]["connections"] == 3
    assert "not told: 401: unauthorized" in stranger.stdout
    assert "\nTo do      " in stranger.stdout
    assert down.returncode == 1
    assert f"127.0.0.1:{port}/  no answer: " in down.stdout
