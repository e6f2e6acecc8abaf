"""What runs for ever goes on after a failure that nobody foresaw, and says so."""

from collections.abc import Callable

import gevent
import pytest

from common import loops
from tests.support.parts import Parts, numbered, wait_until
from tests.support.presence import FakePresenceWriter
from ws_server.clients.catch_up import CatchUp
from ws_server.clients.keepalive import Keepalive
from ws_server.presence import Presence


@pytest.fixture(autouse=True)
def short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "PAUSE", 0.001)


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


@pytest.mark.parametrize("failure", [Unforeseen(), gevent.Timeout(1)])
def test_a_failure_is_logged_and_the_loop_goes_on(
    failure: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise failure

    loops.repeat("counting", step, lambda: calls < 5)

    assert calls == 5
    assert [record.getMessage() for record in caplog.records] == [
        "Failed, and goes on: counting"
    ] * 2
    assert all(record.exc_info for record in caplog.records)


def test_a_failure_that_lasts_is_tried_again_after_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "PAUSE", 60.0)
    calls = []

    def fail() -> None:
        calls.append(1)
        raise Unforeseen

    running = gevent.spawn(loops.repeat, "failing", fail)
    gevent.sleep(0.02)
    running.kill()

    assert len(calls) == 1


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
    presence.joined("42", frozenset())
    running = gevent.spawn(presence.run)

    wait_until(lambda: writer.users == {"42": 1}, "written")
    running.kill()


def test_catching_up_goes_on(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CatchUp, "_serve_slice", failing_once(CatchUp._serve_slice))
    _, client = parts.connect_behind(contents := numbered(500, size=100))
    parts.start_catch_up()

    assert client.texts(len(contents)) == contents
