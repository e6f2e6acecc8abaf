import os
import pty
import re
import sys
from pathlib import Path

import pytest

from config.cli import progress as module
from config.cli.progress import Progress, progress_for


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows, as its only item."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def test_of_a_file_the_share_is_shown(clock: list[float]) -> None:
    written: list[str] = []
    progress = Progress(written.append, total=1000)
    clock[0] += 2
    progress.show(500, 3000)
    progress.end(1000, 6000)

    assert written == [
        "\r[###############---------------]  50%  3,000 pushed, 1,500 a second\x1b[K",
        "\r[##############################] 100%  6,000 pushed, 3,000 a second\x1b[K\n",
    ]


def test_of_a_pipe_only_the_count_is_known(clock: list[float]) -> None:
    written: list[str] = []
    progress = Progress(written.append)
    clock[0] += 1
    progress.show(500, 30)

    assert written == ["\r30 pushed, 30 a second\x1b[K"]


def test_it_is_not_shown_more_often_than_one_can_see(clock: list[float]) -> None:
    written: list[str] = []
    progress = Progress(written.append)
    for number in range(100):
        clock[0] += 0.0201
        progress.show(number, number)

    assert len(written) == 20


def test_it_is_for_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lines").write_bytes(b"x" * 100)
    main, terminal = pty.openpty()
    written: list[str] = []
    with (tmp_path / "lines").open("rb") as file, os.fdopen(terminal, "w") as error:
        assert progress_for(file.fileno(), written.append) is None
        monkeypatch.setattr(sys, "stderr", error)
        os.lseek(file.fileno(), 50, os.SEEK_SET)
        progress = progress_for(file.fileno(), written.append)
        assert progress is not None
        progress.end(25, 1)
    os.close(main)

    assert re.search(r"50%  1 pushed", written[0])
