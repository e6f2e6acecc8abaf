"""The timer and the hooks of `Worker`."""

from time import monotonic
from typing import ClassVar

import gevent
import pytest
from gevent.event import Event

from config.settings import Settings
from tests.support.parts import LIMIT, Parts, let_others_run, wait_until
from tests.support.running import Running
from tests.support.websocket import TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.grant import Grant
from ws_server.door.listen import Listen
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


class Clock:
    """The time of a timer: a sleep moves it, and ends the loop when it is 1.0 or later."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.has_ended = Event()
        monkeypatch.setattr("ws_server.worker.monotonic", lambda: self.now)
        monkeypatch.setattr(gevent, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now >= 1.0:
            self.has_ended.set()
            raise gevent.GreenletExit


def test_calls_that_take_longer_than_the_interval_do_not_pile_up(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, calls, running, most = Clock(monkeypatch), list[float](), 0, 0

    def slow_at_first() -> None:
        nonlocal running, most
        calls.append(clock.now)
        running += 1
        most = max(most, running)
        clock.now += 0.45 if len(calls) == 1 else 0.0  # Four more are due meanwhile.
        let_others_run()  # Also those that are due, if anybody would call them now.
        running -= 1

    make(parts).every(0.1, slow_at_first)
    assert clock.has_ended.wait(LIMIT)
    let_others_run()

    assert most == 1
    # One is late, and then comes the next: the others are not made up for.
    assert calls == pytest.approx([0.1, 0.55, 0.65, 0.75, 0.85, 0.95])


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

    wait_until(lambda: calls > 1, "the next call")


def test_an_error_is_logged_with_its_traceback(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    make(parts).on_error(None, RuntimeError("the hook's own"))

    assert caplog.records[0].exc_info
    assert "a timer" in caplog.text


class OfAUser(Worker):
    """Uses all that a worker of a user may use."""

    notes: ClassVar[list[str]] = []

    def on_worker_start(self) -> None:
        super().on_worker_start()
        self.every(0.001, self.greet)
        self.spawn(self.notes.append, "spawned")

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        connection.context = data
        connection.send(f"{data!r} from {connection.address} on {connection.fd >= 0}")
        connection.close(4000, "enough")

    def greet(self) -> None:
        for connection in self.hub.connections:
            if connection.context is None:
                connection.context = connection.grant.user
                connection.send(b"hello")
        if self.settings.delivery == "timer":
            self.relay.tick()


def test_a_worker_of_a_user_may_use_all_of_this(running: Running) -> None:
    running.build(OfAUser)
    user = Grant("42")
    client = running.connect(listen=Listen(grant=user, channels=user.own, address="10.0.0.1"))

    assert client.frame()[1] == b"hello"
    client.send(frame(TEXT, b"hi"))

    assert client.texts(1) == [b"'hi' from 10.0.0.1 on True"]
    assert client.close_code() == 4000
    assert OfAUser.notes == ["spawned"]
