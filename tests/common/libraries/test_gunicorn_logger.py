"""That gunicorn's lines are lines like all others."""

import logging

import pytest
from gunicorn.config import Config

from common.libraries.gunicorn_logger import PlainLogger

NOW = "gunicorn's logger has changed"


def test_its_lines_go_where_all_go_and_nowhere_else(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("gunicorn.error")
    logger.propagate = False  # As gunicorn leaves it.
    monkeypatch.setattr(logger, "handlers", [])  # Without those of a server in a test before.
    config = Config()
    config.set("loglevel", "warning")
    made = PlainLogger(config)

    made.warning("told of %s", "something")
    made.info("not told")

    assert set(caplog.messages) == {"told of something"}
    assert logger.propagate
    assert logger.handlers == [], NOW


def test_it_logs_no_requests() -> None:
    """Its lines would have queries, with tokens."""
    config = Config()
    config.set("accesslog", "-")
    made = PlainLogger(config)

    made.access(None, None, {}, None)  # It would fail if it looked at any of it.
