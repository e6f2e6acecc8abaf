"""How many files one message enters from the push to `socket.send`."""

import subprocess
import sys

import pytest

from config.cli.embedded import EmbeddedValkey
from tests.support.processes import ROOT

# At the door, what waits for Redis goes together, as much as fits: these are four files.
MOST_FILES = {"flask": 14, "door": 18}
# They look on: lines of the log, numbers, who has got what, and who is at the wrong port.
ONLOOKERS = {
    "common/store/redis_meter.py",
    "http_api/misdirected.py",
    "http_api/watching/journal.py",
    "ws_server/clients/journal.py",
    "ws_server/receipts/receipts.py",
}
FIRST = {"flask": "http_api/push.py", "door": "http_api/plain_push.py"}


@pytest.mark.integration
@pytest.mark.parametrize("where", MOST_FILES)
def test_a_message_enters_few_files_on_its_way(valkey: EmbeddedValkey, where: str) -> None:
    watched = subprocess.run(
        [sys.executable, "-m", "gevent.monkey", "--module", "tests.support.way", valkey.url, where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    files = [file for file in watched.stdout.split() if file not in ONLOOKERS]
    assert FIRST[where] in files
    assert "ws_server/clients/fan_out.py" in files
    assert len(files) <= MOST_FILES[where], "\n".join(files)
