"""What `serve` takes a signal for; tests/integration/test_serve.py has real processes."""

import os
import signal
from collections.abc import Iterator

import pytest

from config.cli.signals import MEANINGLESS, STOPPING, Signals, Stopped
from tests.support.signals import handlers_kept


@pytest.fixture(autouse=True)
def _signals_are_as_before() -> Iterator[None]:
    with handlers_kept():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield


@pytest.fixture
def closable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal."""
    monkeypatch.setattr(os, "open", lambda *_: os.dup(0))
    yield
    monkeypatch.undo()


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "open", fail)
    yield
    monkeypatch.undo()


def received() -> Signals:
    signals = Signals()
    signals.receive()
    return signals


@pytest.mark.parametrize("number", STOPPING)
def test_a_stop_ends_whatever_is_under_way(number: int) -> None:
    received()

    with pytest.raises(Stopped):
        signal.raise_signal(number)


@pytest.mark.usefixtures("closable")
def test_the_end_of_a_terminal_is_a_stop() -> None:
    signals = received()

    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGHUP)
    assert not signals.take_reload()


@pytest.mark.usefixtures("no_terminal")
def test_without_a_terminal_it_is_a_reload_that_is_taken_once() -> None:
    signals = received()
    assert not signals.take_reload()

    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)

    assert signals.take_reload()
    assert not signals.take_reload()


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_was_ignored_at_the_start_stays_ignored(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)
    signals = received()

    signal.raise_signal(number)

    assert not signals.take_reload()


@pytest.mark.usefixtures("no_terminal")
def test_once_it_stops_another_stop_is_passed_on_and_a_reload_is_nothing() -> None:
    signals = received()
    calls: list[None] = []
    signals.call_at_stop(lambda: calls.append(None))

    signal.raise_signal(signal.SIGHUP)
    assert calls == []
    signal.raise_signal(signal.SIGTERM)

    assert calls == [None]
    assert not signals.take_reload()


@pytest.mark.usefixtures("closable")
def test_while_it_stops_the_end_of_the_terminal_is_one_more_stop() -> None:
    calls: list[None] = []
    received().call_at_stop(lambda: calls.append(None))

    signal.raise_signal(signal.SIGHUP)

    assert calls == [None]


@pytest.mark.parametrize("number", MEANINGLESS)
def test_what_means_nothing_ends_nothing(number: int) -> None:
    signals = received()

    signal.raise_signal(number)

    assert not signals.take_reload()
