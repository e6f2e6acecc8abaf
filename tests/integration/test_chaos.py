"""The ledger test in small: every kind of fault once or twice, and no message lost or doubled."""

import sys
from pathlib import Path

import pytest

from chaos.plan import SMALL, SMALL_SECONDS
from chaos.report import report
from chaos.run import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfds")


def test_whatever_is_killed_no_message_is_lost_or_doubled(tmp_path: Path) -> None:
    result = run(tmp_path, SMALL, SMALL_SECONDS, print)

    assert not result.wrong, report(result, "the small plan")
    assert len(result.pushes.acknowledged) > 100
    assert len(result.tallies) == 16
    assert all(tally.figures["read"] > 50 for tally in result.tallies)
    assert sum(result.strikes.values()) > len(SMALL) // 2
