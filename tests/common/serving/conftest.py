"""A worker of the web server in this process, for the tests of it and of its requests."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from common.serving import acceptor, client_sockets, gunicorn_worker
from config.settings import Settings
from tests.support.web_server import NOBODY_GOES, STEP, Serve, WebServer


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALIVE_STEP", "SCARCE_STEP", "DRAIN_STEP"):
        monkeypatch.setattr(gunicorn_worker, name, STEP)
    for module in (acceptor, gunicorn_worker):
        monkeypatch.setattr(module, "LAST_REQUESTS", 10 * STEP)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_to(seconds: float) -> None:
        monkeypatch.setattr(client_sockets, "PATIENCE", seconds)

    set_to(NOBODY_GOES)
    return set_to


@pytest.fixture
def serve(patience: Callable[[float], None], quick: None) -> Iterator[Serve]:
    servers: list[WebServer] = []

    def start(slots: int = 8, workers: int = 1, **settings: Any) -> WebServer:
        made = WebServer(Settings(**settings), slots, workers)
        servers.append(made)
        made.start()
        made.worker.await_turns(1)
        return made

    yield start
    for each in servers:
        each.close()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What gunicorn's log is told."""
    logging.getLogger("gunicorn.error").addHandler(caplog.handler)
    yield caplog
    logging.getLogger("gunicorn.error").removeHandler(caplog.handler)
