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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_programs import version
from tests.support.websocket import LIMIT

HERE = Path(__file__).parent
GO_BACKEND = "github.com/pusher/pusher-http-go/v5@v5.1.1"
GO_MODULE = "module backend\n\ngo 1.21\n"
JAVA_BACKEND = "pusher-http-java:1.3.4"
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>backend</groupId><artifactId>backend</artifactId><version>1</version>
  <dependencies>{}</dependencies>
</project>
"""
DEPENDENCY = """<dependency>
  <groupId>com.pusher</groupId><artifactId>{}</artifactId><version>{}</version>
</dependency>"""

Command = list[str]


def python(_folder: Path) -> Command:
    return [sys.executable, str(HERE / "python.py")]


def node(folder: Path) -> Command:
    need_long()
    need("npm")
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), "pusher"], folder)
    return ["node", str(shutil.copy(HERE / "node.cjs", folder))]


def go(folder: Path) -> Command:
    return go_program(folder, HERE / "main.go", [GO_BACKEND])


def java(folder: Path) -> Command:
    return java_program(folder, HERE / "Backend.java", JAVA_BACKEND)


def php(_folder: Path) -> Command:
    need("php")
    need_folder("PUSHER_PHP")
    return ["php", str(HERE / "php.php")]


def webman(_folder: Path) -> Command:
    need("php")
    need_folder("WEBMAN_PUSH")
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


def go_program(
    folder: Path, source: Path, modules: Sequence[str], sources: Mapping[str, str] | None = None
) -> Command:
    """Built with these modules, each at its version, and others of which there are the sources."""
    need_long()
    if version("go", "env", "GOVERSION") < (1, 21):
        pytest.skip("there is no Go on this machine")
    shutil.copy(source, folder / "main.go")
    (folder / "go.mod").write_text(GO_MODULE, "utf-8")
    for name, path in (sources or {}).items():
        here = (f"-require={name}@v0.0.0", f"-replace={name}={path}")
        run(["go", "mod", "edit", *here], folder)
    run(["go", "get", *modules], folder)
    run(["go", "build", "-mod=mod", "-o", "program", "."], folder)
    return [str(folder / "program")]


def java_program(folder: Path, source: Path, *artifacts: str) -> Command:
    """With these artifacts of Pusher's, each at its version."""
    need_long()
    need("mvn")
    dependencies = "".join(DEPENDENCY.format(*each.split(":")) for each in artifacts)
    (folder / "pom.xml").write_text(POM.format(dependencies), "utf-8")
    run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], folder)
    return ["java", "-cp", f"{folder}/jars/*", str(source)]


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


def need_folder(name: str) -> None:
    """Skip the test where nobody says where the sources of a library are."""
    if name not in os.environ:
        pytest.skip(f"{name} does not name the folder of its library")
