import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from common.message import Mark
from common.store.connect import connect
from config.cli.embedded import EmbeddedError, EmbeddedValkey
from tests.support.processes import ROOT
from tests.support.store import Center

pytestmark = pytest.mark.integration


def center_of(server: EmbeddedValkey) -> Center:
    return Center(connect(server.url, timeout=5, connections=1), "key")


def test_what_was_pushed_outlives_a_stop(tmp_path: Path) -> None:
    first = EmbeddedValkey.start(tmp_path / "new" / "folder", 0)
    center_of(first).queue.push([b"kept"])
    first.stop()

    second = EmbeddedValkey.start(tmp_path / "new" / "folder", 0)
    try:
        assert center_of(second).log.settle_and_read(Mark("", 0), 1)[0].moved == 1
    finally:
        second.stop()


def test_one_folder_serves_one_at_a_time(tmp_path: Path) -> None:
    first = EmbeddedValkey.start(tmp_path, 0)
    try:
        with pytest.raises(EmbeddedError, match=r"^DATA_DIR: .*is running on"):
            EmbeddedValkey.start(tmp_path, 0)
        center_of(first).queue.check()
    finally:
        first.stop()


def test_a_taken_port_means_any_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        server = EmbeddedValkey.start(tmp_path, taken)
    try:
        assert server.url != f"redis://127.0.0.1:{taken}/0"
        assert server.instead_of == taken
        center_of(server).queue.check()
    finally:
        server.stop()


def test_a_start_that_fails_shows_what_valkey_said(tmp_path: Path) -> None:
    folder = tmp_path / "appendonlydir"
    folder.write_text("Valkey wants a folder of this name.")

    with pytest.raises(EmbeddedError, match=r"does not start:\n(.|\n)*appendonlydir"):
        EmbeddedValkey.start(tmp_path, 0)


@pytest.mark.parametrize("name", ["lock", "valkey.log"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(EmbeddedError, match=rf"^DATA_DIR: cannot use .*/{name}: Is a directory$"):
        EmbeddedValkey.start(tmp_path, 0)


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedError, match=r"^DATA_DIR: cannot use .*/file: no folder$"):
        EmbeddedValkey.start(tmp_path / "file", 0)


def test_whose_a_path_is_that_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    told = rf"/file/data: Not a directory; .*/file is user {owner}'s, and this is user {owner + 1}$"
    with pytest.raises(EmbeddedError, match=told):
        EmbeddedValkey.start(tmp_path / "file" / "data", 0)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """One that other users reach, too."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize("name", [".", "lock", "valkey.log", "appendonlydir"])
def test_what_another_user_has_made_is_told_in_one_sentence(public_folder: Path, name: str) -> None:
    """As after a first start with sudo."""
    nobody = 65534
    EmbeddedValkey.start(public_folder, 0).stop()
    for path in [public_folder, *public_folder.rglob("*")]:
        os.chown(path, nobody, nobody)
    os.chown(public_folder / name, 0, 0)
    (public_folder / name).chmod(0o700)

    assert told_to(nobody, public_folder).startswith("DATA_DIR")


AS_ANOTHER_USER = """
import encodings.idna, os, sys  # The other user may not be able to read what Python imports late.
from pathlib import Path
from config.cli.embedded import EmbeddedError, EmbeddedValkey

os.setgroups([])
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
try:
    EmbeddedValkey.start(Path(sys.argv[2]), 0).stop()
except EmbeddedError as problem:
    print(problem)
"""


def told_to(user: int, folder: Path) -> str:
    """What a start by another user is refused with."""
    command = [sys.executable, "-c", AS_ANOTHER_USER, str(user), str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_server_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    first = EmbeddedValkey.start(tmp_path, 0)
    ending = threading.Timer(0.3, first.stop)
    ending.start()

    second = EmbeddedValkey.start(tmp_path, int(first.url.split(":")[-1].partition("/")[0]))

    ending.join()
    assert second.instead_of == 0
    second.stop()
