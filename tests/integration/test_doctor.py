"""`message-center doctor` of real servers, from outside, and behind proxies that are set up wrong.

Skipped where there is no nginx; on CI it must be there.
"""

import getpass
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import ROOT, environment, free_port, wait_until
from tests.support.proxies import TEMPORARY, accepts, find_program
from tests.support.system import System
from tests.support.websocket import LIMIT

TOKEN = "0123456789abcdef"
ORIGIN = "https://shop.example"
FOUND = {"PYTHONPATH": f"{ROOT}:{ROOT}/clients/python"}
COMMAND = [sys.executable, "-P", "-m", "config.cli", "doctor"]
UPGRADE = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
HTTP_1_1 = "proxy_http_version 1.1;"


def doctor(*arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Its status, and the findings by what they are about."""
    done = subprocess.run(
        [*COMMAND, "--json", *arguments],
        env={**environment(), **FOUND},
        capture_output=True,
        text=True,
        timeout=LIMIT * 2,
        check=False,
    )
    assert done.stderr == ""
    findings = map(json.loads, done.stdout.splitlines())
    return done.returncode, {each["about"]: each for each in findings}


@contextmanager
def nginx(folder: Path, port: int, *lines: str) -> Iterator[int]:
    """In front of a port, with these lines; its own port."""
    program = find_program("nginx")
    if program is None and "CI" not in os.environ:
        pytest.skip("there is no nginx on this machine")
    place, own = folder / f"nginx{free_port()}", free_port()
    place.mkdir()
    temporary = "".join(f"{kind}_temp_path {place / kind}; " for kind in TEMPORARY)
    where = f"proxy_pass http://127.0.0.1:{port}; {' '.join(lines)}"
    (place / "nginx.conf").write_text(
        f"user {getpass.getuser()}; worker_processes 1; pid {place}/pid;"
        f"events {{ worker_connections 100; }} http {{ {temporary} access_log off;"
        f"server {{ listen 127.0.0.1:{own}; location / {{ {where} }} }} }}"
    )
    command = [program or "nginx", "-c", str(place / "nginx.conf"), "-p", str(place)]
    process = subprocess.Popen([*command, "-e", f"{place}/errors", "-g", "daemon off;"])
    try:
        wait_until(lambda: process.poll() is not None or accepts(own), "nginx accepts")
        yield own
    finally:
        process.terminate()
        process.wait(LIMIT)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One for all tests here: they change nothing of it."""
    with System(tmp_path_factory.mktemp("system")) as system:
        yield system


@pytest.fixture(scope="module")
def listening(system: System) -> int:
    """The port of a WebSocket server for pages of one site."""
    return system.start_ws(POLL_INTERVAL=0.05, ALLOWED_ORIGINS=ORIGIN)[1]


def test_a_server_as_it_should_be_has_no_problem(system: System, listening: int) -> None:
    system.start_http(PUSH_TOKENS=f"me:{TOKEN}")
    push = f"http://127.0.0.1:{system.http_port}"

    status, found = doctor(
        f"ws://localhost:{listening}/?format=text",
        *("--origin", ORIGIN, "--silence", "0.5", "--push-url", push, "--push-token", TOKEN),
    )

    assert (status, {each["level"] for each in found.values()}) == (0, {"ok"}), found
    assert {"dns", "upgrade", "ping", "origins", "events", "message", "silence"} < found.keys()
    assert "arrived" in found["message"]["found"]


def test_a_proxy_that_does_not_pass_on_the_upgrade(listening: int, tmp_path: Path) -> None:
    with nginx(tmp_path, listening) as port:
        status, found = doctor(f"http://127.0.0.1:{port}/", "--silence", "0")

    assert status == 1
    assert "not passed on by the proxy" in found["upgrade"]["found"]
    assert "Upgrade $http_upgrade" in found["upgrade"]["do"]


def problems(found: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, each in found.items() if each["level"] == "problem"}


def test_a_proxy_that_ends_what_is_silent(listening: int, tmp_path: Path) -> None:
    with nginx(tmp_path, listening, HTTP_1_1, UPGRADE, "proxy_read_timeout 1s;") as port:
        status, found = doctor(f"ws://127.0.0.1:{port}/", "--silence", "2")

    assert (status, problems(found)) == (1, {"silence"}), found
    assert "ended after 1." in found["silence"]["found"]
    assert "proxy_read_timeout" in found["silence"]["do"]


def test_a_proxy_that_buffers(listening: int, tmp_path: Path) -> None:
    buffering = "proxy_ignore_headers X-Accel-Buffering; proxy_buffering on;"
    with nginx(tmp_path, listening, HTTP_1_1, UPGRADE, buffering) as port:
        status, found = doctor(f"ws://127.0.0.1:{port}/", "--silence", "0")

    assert (status, problems(found)) == (1, {"events"}), found
    assert "proxy_buffering off" in found["events"]["do"]


def test_ctrl_c_ends_it_cleanly(listening: int) -> None:
    with subprocess.Popen(
        [*COMMAND, f"ws://127.0.0.1:{listening}/"],
        env={**environment(), **FOUND},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("note     message"):
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LIMIT)

    assert (process.returncode, said) == (130, "stopped\n")
