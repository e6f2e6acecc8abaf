"""Programs of others that tests run: those tests are skipped where there is none."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.websocket import LIMIT


def run(command: Sequence[str], folder: Path) -> str:
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
