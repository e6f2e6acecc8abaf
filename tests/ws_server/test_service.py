"""A process as a whole, once it is started."""

import pytest

from common.errors import QueueUnavailable
from tests.support.parts import let_others_run, wait_until
from tests.support.running import Running
from ws_server.relay import relay

GONE = QueueUnavailable("gone")


def test_once_started_it_takes_clients_and_relays(running: Running) -> None:
    newcomers = running.build()
    assert newcomers.is_ready
    assert newcomers.refuses is None

    client = running.connect()
    running.log.push(b"hello")

    assert client.texts(1) == [b"hello"]


def test_without_redis_it_refuses_and_starts_as_soon_as_redis_answers(running: Running) -> None:
    running.log.fault = GONE
    newcomers = running.build()
    assert not newcomers.is_ready
    assert newcomers.refuses == "the server waits for Redis"
    let_others_run()
    assert (running.worker.events, running.ready) == ([], [])

    running.log.fault = None
    wait_until(lambda: newcomers.is_ready, "ready")

    assert newcomers.refuses is None
    assert running.worker.events == ["start"]
    wait_until(lambda: running.ready == [True], "told so")


def test_a_failure_that_nobody_foresaw_does_not_end_the_wait_for_redis(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "FIRST_PAUSE", 0.001)
    running.log.fault = GONE
    newcomers = running.build()
    running.log.fault = RuntimeError("nobody foresaw it")
    wait_until(lambda: "Failed, and goes on: the end of the log" in caplog.text, "a failure")

    running.log.fault = None

    wait_until(lambda: newcomers.is_ready, "ready")
    assert running.worker.events == ["start"]
