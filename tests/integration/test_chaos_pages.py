"""Pages of Pusher's miss nothing while workers and Redis are killed under load."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from chaos.pages.audience import with_pusher_js, with_python
from chaos.pages.report import report
from chaos.pages.run import CRASHED, KILLED, RETIRED, Run, draw
from tests.support.npm import node_modules

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfds")

KILLS = int(os.environ.get("KILLS", "100"))


def play(folder: Path, command: Sequence[str], kills: Sequence[str], pause: float) -> None:
    result = Run(folder, command, print).play(kills, pause, Random(1))

    said = report(result, "in a test")
    print(said)  # noqa: T201
    assert not result.wrong, said
    assert result.tally.heard > 10 * len(kills)


def test_pages_miss_nothing_whatever_is_killed(tmp_path: Path) -> None:
    play(tmp_path, with_python(), [RETIRED, CRASHED, KILLED], 0.2)


@pytest.mark.long
def test_pages_with_pusher_js_miss_nothing_in_a_hundred_kills(tmp_path: Path) -> None:
    node_modules(tmp_path)  # Where the command looks first.

    play(tmp_path, with_pusher_js(tmp_path), draw(KILLS, 1), 1.0)
