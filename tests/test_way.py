"""How many files one message enters from the push to `socket.send`."""

import subprocess
import sys

import pytest

from config.cli.embedded import EmbeddedValkey
from tests.support.processes import ROOT

MOST_FILES = 13


@pytest.mark.integration
def test_a_message_enters_few_files_on_its_way(valkey: EmbeddedValkey) -> None:
    watched = subprocess.run(
        [sys.executable, "-m", "gevent.monkey", "--module", "tests.support.way", valkey.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    files = watched.stdout.split()
    assert "http_api/push.py" in files
    assert "ws_server/clients/fan_out.py" in files
    assert len(files) <= MOST_FILES, "\n".join(files)
