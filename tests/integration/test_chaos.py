"""The ledger test in small: every kind of fault once or twice, and no message lost or doubled."""

import sys
from pathlib import Path

import pytest

from chaos.report import report
from chaos.run import Result, run
from chaos.small import CROWDS, KILLS, OTHERS, Small

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and pidfds")


def run_small(folder: Path, small: Small) -> Result:
    result = run(folder, small.strikes, small.seconds, print)
    assert not result.wrong, report(result, "a small plan")
    return result


def test_whatever_is_killed_no_message_is_lost_or_doubled(tmp_path: Path) -> None:
    result = run_small(tmp_path, KILLS)

    assert len(result.pushes.acknowledged) > 100
    assert len(result.tallies) == 18
    assert all(tally.figures["read"] > 50 for tally in result.tallies)
    assert sum(result.strikes.values()) > len(KILLS.strikes) // 2


@pytest.mark.long
def test_whatever_others_do_to_redis_no_message_is_lost_or_doubled(tmp_path: Path) -> None:
    result = run_small(tmp_path, OTHERS)

    assert len(result.pushes.acknowledged) > 100
    assert sum(result.strikes.values()) > len(OTHERS.strikes) // 2
    assert sum(tally.figures["gaps"] for tally in result.tallies) > 0


@pytest.mark.long
def test_six_hundred_clients_shut_nobody_out_and_lose_nothing(tmp_path: Path) -> None:
    result = run_small(tmp_path, CROWDS)

    assert len(result.scenes) == len(CROWDS.strikes)
    assert len(result.tallies) > 600
