"""What `docker run IMAGE …` starts.

The image is not built: its entry point is run by a shell here, with a program in place of ours that
says what it was given.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

SETTINGS = ("PUSH_TOKENS", "HTTP_PUBLISH", "ALLOW_ANONYMOUS_PUSH")


def instruction(name: str) -> list[str]:
    """The list after ENTRYPOINT or CMD; Docker joins lines that end with a backslash, too."""
    joined = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    found: list[str] = json.loads(re.findall(rf"^{name} (\[.+\])$", joined, re.MULTILINE)[0])
    return found


def started(folder: Path, *arguments: str, **settings: str) -> tuple[str, str]:
    """What message-center is given, with its HTTP_HOST, and what the log says besides."""
    program = folder / "message-center"
    program.write_text('#!/bin/sh\necho "$HTTP_HOST: $#: $*"\n')
    program.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    place = {"PATH": f"{folder}:{os.environ['PATH']}", "HTTP_HOST": "0.0.0.0"}
    ran = subprocess.run(
        [*instruction("ENTRYPOINT"), *(arguments or instruction("CMD"))],
        check=True,
        env={**clean, **place, **settings},
        capture_output=True,
        text=True,
    )
    return ran.stdout.strip(), ran.stderr


@pytest.mark.parametrize("arguments", [(), ("serve",), ("message-center", "serve")])
def test_it_serves_and_lets_nobody_in_until_it_is_told_who_may_push(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said, log = started(tmp_path, *arguments)

    assert said == "127.0.0.1: 1: serve"
    assert "until PUSH_TOKENS=name:token is set" in log
    assert started(tmp_path, *arguments, HTTP_PUBLISH="127.0.0.1") == ("0.0.0.0: 1: serve", "")


@pytest.mark.parametrize(
    "arguments", [("http",), ("ws",), ("push", "two words", "--user", "42"), ("--version",)]
)
def test_every_command_is_what_follows_the_name_of_the_image(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    given = f"0.0.0.0: {len(arguments)}: {' '.join(arguments)}"

    assert started(tmp_path, *arguments) == (given, "")
    assert started(tmp_path, "message-center", *arguments) == (given, "")


def test_it_is_process_1_itself() -> None:
    """Or `docker stop` would end a shell, and the servers by force."""
    assert "exec message-center" in instruction("ENTRYPOINT")[2]
