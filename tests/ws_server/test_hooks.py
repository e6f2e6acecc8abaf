"""The hooks of a worker: when they are called, and what happens when they fail."""

import pytest

from common.errors import QueueUnavailable
from config.settings import Settings
from tests.support.parts import LIMIT, Parts, wait_until
from tests.support.running import Noting, Running, wait_for_redis
from tests.support.websocket import PING, PONG, TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.door.listen import Listen
from ws_server.hooks import Hooks
from ws_server.relay.relay import Relay
from ws_server.worker import Worker

GONE = QueueUnavailable("gone")


class Forgetful(Worker):
    """Forgets `super()`."""

    def on_worker_start(self) -> None:
        self.every(1, lambda: None)


class ByItself(Worker):
    """Relays in a way of its own."""

    def on_worker_start(self) -> None:
        self.every(0.01, self.relay.tick)


def test_a_worker_that_does_not_call_super_is_warned_of(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    running.build(Forgetful)

    assert [record.getMessage() for record in caplog.records] == [
        "Forgetful.on_worker_start has not called super().on_worker_start(): "
        "no message reaches a client"
    ]


@pytest.mark.parametrize("kind", [Worker, Noting, ByItself])
@pytest.mark.parametrize("delivery", ["timer", "instant"])
def test_a_worker_that_relays_is_not(
    running: Running, kind: type[Worker], delivery: str, caplog: pytest.LogCaptureFixture
) -> None:
    running.build(kind, delivery=delivery)

    assert caplog.records == []


def test_the_hooks_are_called_in_the_life_of_a_client(running: Running) -> None:
    running.build()
    client = running.connect()

    client.send(frame(TEXT, b"hello"))
    wait_until(lambda: "hello" in running.worker.events, "the message")
    client.socket.close()
    wait_until(lambda: "close" in running.worker.events, "the close")

    assert running.worker.events == ["start", "connect", "hello", "close"]


def test_no_hook_is_called_for_who_is_refused_has_a_gap_or_has_left(running: Running) -> None:
    newcomers = running.build(redis_timeout=0.05, max_connections=1)
    running.connect().socket.close()
    running.connect(listen=Listen(last_id="of-another-log")).rest()
    wait_for_redis(running)
    running.connect(listen=Listen(last=3)).rest()
    running.connect(listen=Listen(last=3)).socket.close()
    running.peers.close()

    wait_until(lambda: newcomers.refuses is None, "all are gone")

    assert running.worker.events == ["start"]


@pytest.mark.parametrize("hook", ["on_worker_start", "on_connect", "on_close"])
def test_a_hook_that_fails_is_reported_and_harms_nobody(running: Running, hook: str) -> None:
    problem = RuntimeError("the hook's own")

    def fail(*_: object) -> None:
        raise problem

    running.build(type("Failing", (Noting,), {hook: fail}))
    client = running.connect(frame(PING, b"?"))
    assert client.frame() == (PONG, b"?")
    client.socket.close()

    wait_until(lambda: problem in running.worker.events, "the report")


def test_a_worker_without_hooks_is_enough(running: Running) -> None:
    running.build(Worker)
    client = running.connect()

    client.send(frame(TEXT, b"ignored") + frame(PING, b"?"))

    assert client.frame() == (PONG, b"?")


class Slow(Noting):
    """Its hooks wait for `gate`."""

    def on_close(self, connection: Connection) -> None:
        self.gate.wait()
        super().on_close(connection)


def make(parts: Parts, kind: type[Noting] = Noting) -> tuple[Hooks, Noting]:
    worker = kind(Settings(), parts.hub, Relay(parts.log, parts.hub))
    return Hooks(worker, time_limit=0.01), worker


def test_on_connect_has_so_much_time(parts: Parts) -> None:
    hooks, worker = make(parts)
    worker.gate.clear()

    hooks.greet(parts.connect()[0])

    name, error = worker.events
    assert name == "connect"
    assert isinstance(error, TimeoutError)


def test_on_close_is_called_once_for_a_client_that_was_greeted(parts: Parts) -> None:
    hooks, worker = make(parts)
    greeted, other = parts.connect()[0], parts.connect()[0]
    hooks.greet(greeted)

    for connection in (greeted, other, greeted):
        hooks.say_goodbye(connection)
    hooks.wait_for_goodbyes(LIMIT)

    assert worker.events == ["connect", "close"]


def test_goodbyes_are_waited_for_and_not_for_ever(parts: Parts) -> None:
    hooks, worker = make(parts, Slow)
    connection, _ = parts.connect()
    hooks.greet(connection)
    worker.gate.clear()
    hooks.say_goodbye(connection)

    hooks.wait_for_goodbyes(0.01)
    assert worker.events == ["connect"]

    worker.gate.set()
    hooks.wait_for_goodbyes(LIMIT)
    assert worker.events == ["connect", "close"]


def test_hooks_that_nobody_overrides_are_not_called(parts: Parts) -> None:
    hooks = Hooks(Worker(Settings(), parts.hub, Relay(parts.log, parts.hub)), time_limit=1.0)

    assert (hooks.greets, hooks.on_message) == (False, None)
