"""The programs in examples/, as the table of examples/README.md says that they are run."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Timer

import pytest

from tests.support.processes import ROOT, environment
from tests.support.websocket import LIMIT

ROW = re.compile(r"^\| \[(\S+)\]\((\S+)\) \| .+ \| `(.+)` \|$", re.MULTILINE)
LISTENING = ("go/listen/main.go", "java/Listen.java", "node/listen.mjs", "python/listen.py")
# CI need not have these; nor a Node that has a WebSocket.
NOT_EVERYWHERE = ("go", "java")
NEWER_NODE = "node/listen.mjs"
# Each is in a package of its own.
OF_PHP = {
    "php/curl.php": "function_exists('curl_init')",
    "php/phpredis.php": "class_exists('Redis')",
    "php/predis.php": "stream_resolve_include_path('Predis/autoload.php')",
}


def rows() -> dict[str, str]:
    """What to type, by file."""
    table = (ROOT / "examples/README.md").read_text("utf-8")
    return {file: command for _, file, command in ROW.findall(table)}


def typed(file: str) -> str:
    """What is typed, by the Python of the tests; of Java without what takes half of its CPU."""
    command = rows()[file].replace(".venv/bin/python", sys.executable)
    return re.sub(r"^java", "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC", command)


def language(file: str) -> str:
    """The command that runs it."""
    return rows()[file].rpartition("&& ")[2].split()[0]


def skip_without(file: str) -> None:
    """Skip the test where nothing runs `file`; on CI that is a failure."""
    if runs_here(file):
        return
    is_needed = language(file) not in NOT_EVERYWHERE and file != NEWER_NODE
    if "CI" in os.environ and is_needed:
        pytest.fail(f"CI must have what runs {file}")
    pytest.skip(f"nothing runs {file} on this machine")


@cache
def runs_here(file: str) -> bool:
    """Whether what it needs is on this machine."""
    match language(file):
        case "go":
            return version("go", "env", "GOVERSION") >= (1, 24)
        case "java":
            return version("javac", "-version") >= (17,)
        case "node":
            return version("node", "--version") >= ((20,) if file == NEWER_NODE else (18,))
        case "php":
            asked = f"echo {OF_PHP.get(file, '1')} ? 'yes' : 'no';"
            return _said("php", "-r", asked) == "yes"
    return True  # Python, that of the tests.


@cache
def version(*command: str) -> tuple[int, ...]:
    """What a program says of itself; nothing if it is not here."""
    found = re.search(r"[0-9.]+", _said(*command))
    return tuple(map(int, found[0].strip(".").split("."))) if found else ()


def _said(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def _environment(file: str, told: Mapping[str, object]) -> dict[str, str]:
    """What a person would have set, and nothing else of ours."""
    found = {
        name: value for name, value in os.environ.items() if not name.startswith("MESSAGE_CENTER_")
    }
    path = f"{Path(sys.executable).parent}:{found['PATH']}"
    more = {"PATH": path, "PYTHONPATH": ROOT / "clients/python", **told}
    if file == NEWER_NODE and version("node", "--version") < (22,):
        more["NODE_OPTIONS"] = "--experimental-websocket --no-warnings"
    return {**environment(**more), **{name: str(value) for name, value in more.items()}}


def run(file: str, **told: object) -> "subprocess.CompletedProcess[str]":
    """One that ends by itself."""
    skip_without(file)
    return subprocess.run(
        ["bash", "-c", typed(file)],
        check=False,
        cwd=ROOT,
        env=_environment(file, told),
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,  # Some are compiled first.
    )


def listening(port: int, token: str = "") -> dict[str, str]:
    """What those that listen are told."""
    addresses = {
        "MESSAGE_CENTER_LISTEN_URL": f"ws://127.0.0.1:{port}/",
        "MESSAGE_CENTER_EVENTS_URL": f"http://127.0.0.1:{port}/events",
    }
    return {**addresses, "MESSAGE_CENTER_LISTEN_TOKEN": token} if token else addresses


class Running:
    """One that goes on, and the lines that it prints."""

    def __init__(self, file: str, **told: object) -> None:
        self._popen = subprocess.Popen(
            ["bash", "-c", typed(file)],
            cwd=ROOT,
            env=_environment(file, told),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._timer = Timer(4 * LIMIT, self._kill)
        self._timer.start()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_ended: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._kill()
        self._popen.communicate()

    def lines_upto(self, content: str) -> list[str]:
        """Those up to the one with `content`, or to the end."""
        assert self._popen.stdout is not None
        found: list[str] = []
        for line in self._popen.stdout:
            found.append(line.rstrip("\n"))
            if content in line:
                break
        return found

    def _kill(self) -> None:
        if self._popen.poll() is None:
            os.killpg(self._popen.pid, signal.SIGKILL)
