"""The timer and the hooks of `Worker`."""

from time import monotonic

import gevent
import pytest
from gevent.event import Event

from config.settings import Settings
from tests.support.parts import Parts, wait_until
from ws_server.clients.connection import Connection
from ws_server.relay.relay import Relay
from ws_server.worker import Worker


class Noting(Worker):
    """Notes the errors that it is told of."""

    errors: list[Exception]

    def on_error(self, connection: Connection | None, error: Exception) -> None:
        self.errors.append(error)


def make(parts: Parts, kind: type[Worker] = Worker, **settings: object) -> Worker:
    relay = Relay(parts.log, parts.hub)
    relay.find_head()
    values = Settings(**settings)  # type: ignore[arg-type]
    return kind(values, parts.hub, relay)


@pytest.mark.parametrize("delivery", ["timer", "instant"])
def test_once_started_it_relays_what_is_pushed(parts: Parts, delivery: str) -> None:
    worker = make(parts, delivery=delivery, poll_interval=0.01)
    _, client = parts.connect()

    worker.on_worker_start()
    parts.log.push(b"one", b"two")

    assert client.texts(2) == [b"one", b"two"]


def test_a_timer_calls_once_an_interval(parts: Parts) -> None:
    calls: list[float] = []
    began = monotonic()
    make(parts).every(0.02, lambda: calls.append(monotonic() - began))

    wait_until(lambda: len(calls) == 4, "four calls")

    assert all(call >= 0.02 * (at + 1) for at, call in enumerate(calls))


def test_calls_that_take_longer_than_the_interval_do_not_pile_up(parts: Parts) -> None:
    done, running, most, calls = Event(), 0, 0, 0

    def slow() -> None:
        nonlocal running, most, calls
        running, calls = running + 1, calls + 1
        most = max(most, running)
        done.wait()
        running -= 1

    make(parts).every(0.02, slow)
    wait_until(lambda: running == 1, "the first call")
    gevent.sleep(0.1)  # Four more are due meanwhile.
    assert (most, calls) == (1, 1)

    done.set()
    gevent.sleep(0.03)
    assert calls <= 3  # One that was late and the next; the others are not made up for.


def test_a_call_that_fails_is_reported_and_the_timer_goes_on(parts: Parts) -> None:
    worker = make(parts, Noting)
    assert isinstance(worker, Noting)
    worker.errors = []

    def fail() -> None:
        raise RuntimeError

    worker.every(0.001, fail)

    wait_until(lambda: len(worker.errors) > 2, "three reports")


@pytest.mark.parametrize("failure", [gevent.Timeout(1), RuntimeError()])
def test_nothing_that_a_hook_raises_ends_the_timer(parts: Parts, failure: BaseException) -> None:
    """Neither a time-out, which is no Exception, nor an `on_error` that fails in its turn."""

    class Failing(Worker):
        def on_error(self, connection: Connection | None, error: Exception) -> None:
            raise RuntimeError

    calls = 0

    def fail() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise failure

    make(parts, Failing).every(0.001, fail)

    gevent.sleep(0.05)
    assert calls > 1


def test_an_error_is_logged_with_its_traceback(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    make(parts).on_error(None, RuntimeError("the hook's own"))

    assert caplog.records[0].exc_info
    assert "a timer" in caplog.text
