"""Backends that use the libraries of Pusher and of webman, unchanged: how each is run here.

Python's is among the packages of the tests. Others are taken from npm, the Go proxy and Maven,
which only LONG=1 asks for; those for PHP are in no package that we can have, so PUSHER_PHP and
WEBMAN_PUSH name the folders of their sources.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_programs import version
from tests.support.websocket import LIMIT

HERE = Path(__file__).parent
GO_VERSION = "v5.1.1"
GO_MODULE = "module backend\n\ngo 1.21\n"
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>backend</groupId><artifactId>backend</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.pusher</groupId><artifactId>pusher-http-java</artifactId><version>1.3.4</version>
  </dependency></dependencies>
</project>
"""

Command = list[str]


def python(_folder: Path) -> Command:
    return [sys.executable, str(HERE / "python.py")]


def node(folder: Path) -> Command:
    need_long()
    need("npm")
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), "pusher"], folder)
    return ["node", str(shutil.copy(HERE / "node.cjs", folder))]


def go(folder: Path) -> Command:
    need_long()
    if version("go", "env", "GOVERSION") < (1, 21):
        pytest.skip("there is no Go on this machine")
    shutil.copy(HERE / "main.go", folder)
    (folder / "go.mod").write_text(GO_MODULE, "utf-8")
    run(["go", "get", f"github.com/pusher/pusher-http-go/v5@{GO_VERSION}"], folder)
    run(["go", "build", "-o", "backend", "."], folder)
    return [str(folder / "backend")]


def java(folder: Path) -> Command:
    need_long()
    need("mvn")
    (folder / "pom.xml").write_text(POM, "utf-8")
    run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], folder)
    return ["java", "-cp", f"{folder}/jars/*", str(HERE / "Backend.java")]


def php(_folder: Path) -> Command:
    _need_folder("PUSHER_PHP")
    return ["php", str(HERE / "php.php")]


def webman(_folder: Path) -> Command:
    _need_folder("WEBMAN_PUSH")
    return ["php", str(HERE / "webman.php")]


# The command of each; skipped where its library cannot be had.
PREPARE: Mapping[str, Callable[[Path], Command]] = {
    "python": python,
    "node": node,
    "go": go,
    "java": java,
    "php": php,
    "webman": webman,
}


def told(command: Command, port: int, app: tuple[str, str, str]) -> dict[str, Any]:
    """What a backend prints."""
    said = run([*command, str(port), *app], HERE)
    found: dict[str, Any] = json.loads(said)
    return found


def run(command: Command, folder: Path) -> str:
    """What a program prints, which must not fail."""
    ran = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=8 * LIMIT
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def need(program: str) -> None:
    """Skip the test where there is no such program."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} on this machine")


def need_long() -> None:
    """Skip the test where no registry is to be asked."""
    if "LONG" not in os.environ:
        pytest.skip("its library is asked of a registry only with LONG=1")


def _need_folder(name: str) -> None:
    need("php")
    if name not in os.environ:
        pytest.skip(f"{name} does not name the folder of its library")
