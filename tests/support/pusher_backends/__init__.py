"""Backends that use the libraries of Pusher and of webman, unchanged: how each is run here.

Python's is among the packages of the tests, and that of Node one of `tests/support/npm`. Others are
taken from the Go proxy and Maven, which only LONG=1 asks for; those for PHP are in no package that
we can have, so PUSHER_PHP and WEBMAN_PUSH name the folders of their sources.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_programs import version
from tests.support.npm import program
from tests.support.programs import need, need_folder, need_long, run

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
    return ["node", str(program(folder, HERE / "node.cjs"))]


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
