"""Each loop that runs for ever goes on after a failure that nobody foresaw; see `common.loops`."""

from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event

from common import loops
from config.settings import Settings
from tests.support.parts import LIMIT, Parts, numbered, wait_until
from tests.support.presence import FakePresenceWriter
from ws_server.clients.catch_up import CatchUp
from ws_server.clients.keepalive import Keepalive
from ws_server.inbox.calls import call_hook
from ws_server.presence import Presence
from ws_server.relay import relay as relay_module
from ws_server.relay.relay import Relay
from ws_server.worker import Worker


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "PAUSE", 0.001)
    monkeypatch.setattr(relay_module, "FIRST_PAUSE", 0.001)


class Unforeseen(Exception):
    """Nobody catches it by its name."""


def failing_once(then: Callable[..., object]) -> Callable[..., object]:
    """Fails at first, then is `then`."""
    calls = 0

    def call(*given: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Unforeseen
        return then(*given)

    return call


def test_keepalive_goes_on(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, _ = parts.connect()
    monkeypatch.setattr(parts.hub.sender, "ping", failing_once(parts.hub.sender.ping))
    running = gevent.spawn(Keepalive(parts.hub, 0.03, 60.0).run)

    wait_until(lambda: parts.gone == [silent], "dropped")
    running.kill()


def test_presence_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = FakePresenceWriter()
    monkeypatch.setattr(writer, "write", failing_once(writer.write))
    presence = Presence(writer)
    presence.counts.joined("42", frozenset())
    running = gevent.spawn(presence.run)

    wait_until(lambda: writer.users == {"42": 1}, "written")
    running.kill()


def test_catching_up_goes_on(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CatchUp, "_serve_slice", failing_once(CatchUp._serve_slice))
    _, client = parts.connect_behind(contents := numbered(500, size=100))
    parts.start_catch_up()

    assert client.texts(len(contents)) == contents


@pytest.fixture
def relay(parts: Parts) -> Iterator[Relay]:
    relay = Relay(parts.log, parts.hub)
    yield relay
    parts.log.push(b"ends the wait")
    relay.stop()


def test_the_relay_goes_on_settling_and_reading(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    relay.find_head()
    _, client = parts.connect()
    for name in ("ask_to_settle", "wait_after"):
        monkeypatch.setattr(parts.log, name, failing_once(getattr(parts.log, name)))
    gevent.spawn(relay.run_settling, 60.0)
    gevent.spawn(relay.run_reading)

    parts.log.push(b"hello")

    assert client.texts(1) == [b"hello"]
    for what in ("settling", "reading"):
        assert f"Failed, and goes on: the relay is {what}" in caplog.text


def test_the_wait_for_redis_at_the_start_goes_on(
    parts: Parts, relay: Relay, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parts.log, "look", failing_once(parts.log.look))

    relay.wait_for_head()

    assert relay.is_ready
    assert "Failed, and goes on: the end of the log is looked for" in caplog.text


def test_a_timer_goes_on(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ws_server.worker.call_hook", failing_once(call_hook))
    called = Event()

    Worker(Settings(), parts.hub, Relay(parts.log, parts.hub)).every(0.001, called.set)

    assert called.wait(LIMIT)
