"""What a process logs of a request that breaks the application."""

import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from common.serving.gunicorn_worker import GunicornWorker
from config.settings import Settings
from tests.support.fakes import FakeApp


@dataclass
class Request:
    """As gunicorn has parsed it. Unrealistic: it has no headers and no body."""

    uri: str
    method: str = "GET"
    query: str = ""
    version: tuple[int, int] = (1, 1)
    body: None = None


@pytest.fixture
def worker() -> Iterator[GunicornWorker]:
    config = Config()
    worker = GunicornWorker(0, os.getpid(), [], FakeApp(Settings()), 30, config, Logger(config))
    yield worker
    worker.tmp.close()


def test_the_query_of_a_request_that_fails_is_not_logged(
    worker: GunicornWorker, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("gunicorn.error").addHandler(caplog.handler)
    ours, theirs = socket.socketpair()
    try:
        raise RuntimeError("the application broke")
    except RuntimeError as problem:
        failure = problem
    with ours, theirs:
        worker.answer_failure(Request("/chat?token=SESAME"), ours, ("", 0), failure)
        answer = theirs.recv(4096)
    logging.getLogger("gunicorn.error").removeHandler(caplog.handler)

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "Error handling request GET /chat" in caplog.text
    assert "SESAME" not in caplog.text
