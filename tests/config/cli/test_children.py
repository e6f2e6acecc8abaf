import os
import signal
import subprocess
import sys

import pytest

from config.cli import children

pytestmark = pytest.mark.integration

POLITE = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + POLITE


def start(program: str) -> subprocess.Popen[bytes]:
    """A child that has come as far as it wants to."""
    reader, writer = os.pipe()
    with open(reader, "rb") as said, open(writer, "wb") as output:
        child = children.spawn([sys.executable, "-c", program], output=output)
        assert said.readline() == b"ready\n"
    return child


def test_a_child_is_asked_to_end() -> None:
    child = start(POLITE)

    children.stop(child, 10)

    assert child.returncode == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_ended_by_force() -> None:
    child = start(STUBBORN)

    children.stop(child, 0.05)

    assert child.returncode == -signal.SIGKILL


def test_ctrl_c_does_not_reach_a_child() -> None:
    child = start(POLITE)
    try:
        assert os.getsid(child.pid) == child.pid
    finally:
        children.stop(child, 10)
