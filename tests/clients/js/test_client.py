"""The JavaScript client: its own tests in Node, and what npm would get."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from clients.js import module
from tests.support.processes import ROOT
from ws_server.wire.close_codes import ALL

NODE = shutil.which("node")
FOLDER = ROOT / "clients/js"
TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


def text(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_it_does_what_its_tests_in_node_say(file: Path) -> None:
    if NODE is None and "CI" not in os.environ:
        pytest.skip("there is no Node on this machine")
    done = subprocess.run(
        [NODE or "node", "--test", "--test-reporter=spec", str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"tests [1-9]\d+\n", done.stdout)


def test_it_obeys_the_table_of_close_codes() -> None:
    (codes,) = re.findall(r"FOR_GOOD = \[(.+)\]", text("client.js"))
    for_good = set(map(int, codes.split(", ")))

    assert {each.code for each in ALL if not each.reconnect} <= for_good
    assert for_good.isdisjoint(each.code for each in ALL if each.reconnect)


def test_only_comments_and_blank_lines_are_left_out_when_it_is_served() -> None:
    lines = [line for line in text("client.js").splitlines() if line.strip()]
    code = [line for line in lines if not line.lstrip().startswith("//")]

    assert module().decode().splitlines() == code
    assert len(code) < len(lines)


def test_its_package_has_the_version_and_all_files() -> None:
    package = json.loads(text("package.json"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert package["version"] == project["version"]
    assert "dependencies" not in package
    assert all((FOLDER / name).is_file() for name in [*package["files"], "README.md"])


def test_its_types_name_all_that_there_is() -> None:
    code, types = text("client.js"), text("client.d.ts")
    (options,) = re.findall(r"const \{ (.+) \} = options", code)
    (more,) = re.findall(r"let \{ (.+) \} = options", code)
    names = [re.split("[ :]", each)[0] for each in f"{options}, {more}".split(", ")]
    names += re.findall(r"options\.(\w+)", code)

    assert {"token", "share", "channels", "lastId", "socket"} <= set(names)
    assert [name for name in names if not re.search(rf"\b{name}\??:", types)] == []
