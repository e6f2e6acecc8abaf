"""The short form of `make fuzz`."""

from pathlib import Path

from tests.fuzz.websocket import run


def test_nonsense_breaks_nothing_and_disturbs_nobody(tmp_path: Path) -> None:
    sent, wrong = run(tmp_path, seed=1, seconds=4, inputs=1_000_000)

    assert wrong == []
    assert sent.total() > 1000
