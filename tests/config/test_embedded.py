import socket
from pathlib import Path

import pytest

from common.broker import Broker, History
from common.line import connect
from common.message import Mark
from config.embedded import EmbeddedError, EmbeddedValkey

pytestmark = pytest.mark.integration


def broker_of(server: EmbeddedValkey) -> Broker:
    return Broker(connect(server.url, timeout=5, connections=1), "key", History(10, 10))


def test_what_was_pushed_outlives_a_stop(tmp_path: Path) -> None:
    first = EmbeddedValkey.start(tmp_path / "new" / "folder", 0)
    broker_of(first).push([b"kept"])
    first.stop()

    second = EmbeddedValkey.start(tmp_path / "new" / "folder", 0)
    try:
        assert broker_of(second).settle_and_read(Mark("", 0), 1)[0].moved == 1
    finally:
        second.stop()


def test_one_folder_serves_one_at_a_time(tmp_path: Path) -> None:
    first = EmbeddedValkey.start(tmp_path, 0)
    try:
        with pytest.raises(EmbeddedError, match=r"^DATA_DIR: .*is running on"):
            EmbeddedValkey.start(tmp_path, 0)
        broker_of(first).ping()
    finally:
        first.stop()


def test_a_taken_port_means_any_free_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        server = EmbeddedValkey.start(tmp_path, taken)
    try:
        assert server.url != f"redis://127.0.0.1:{taken}/0"
        broker_of(server).ping()
    finally:
        server.stop()


def test_a_start_that_fails_shows_what_valkey_said(tmp_path: Path) -> None:
    folder = tmp_path / "appendonlydir"
    folder.write_text("Valkey wants a folder of this name.")

    with pytest.raises(EmbeddedError, match=r"does not start:\n(.|\n)*appendonlydir"):
        EmbeddedValkey.start(tmp_path, 0)
