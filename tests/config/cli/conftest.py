import threading
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path

import pytest

from tests.support.commands import Recorder


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty one to start the command in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def api() -> Iterator[dict[str, str]]:
    """The settings that lead to a `Recorder`."""
    Recorder.seen.clear()
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        serving = threading.Thread(target=server.serve_forever, args=[0.01])
        serving.start()
        yield {"HTTP_HOST": "127.0.0.1", "HTTP_PORT": str(server.server_port)}
        server.shutdown()
        serving.join()
