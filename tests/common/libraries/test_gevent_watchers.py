"""What we use of gevent's watchers and it does not promise. Failures say what has changed."""

import socket
from collections.abc import Iterator

import pytest

from common.libraries.gevent_watchers import READ, WRITE, end_watching, watcher_of
from tests.support.door import turn
from tests.support.libraries import named

NOW = named("gevent")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(("events", "first"), [(READ, b"a"), (WRITE, b"")])
def test_who_watches_is_called_with_what_it_gave_once_there_is_a_reason(
    pair: tuple[socket.socket, socket.socket], events: int, first: bytes
) -> None:
    ours, theirs = pair
    called: list[str] = []
    watcher = watcher_of(ours.fileno(), events)
    theirs.sendall(first)
    turn()
    assert not called, f"{NOW}: a watcher begins by itself"

    watcher.start(called.append, "given")
    assert watcher.active, f"{NOW}: a watcher that was started is not `active`"
    turn()

    assert called, f"{NOW}: a watcher is not called, or the events are others"
    assert set(called) == {"given"}, f"{NOW}: a watcher is not called with what it was given"
    end_watching(watcher)


def test_nothing_is_told_after_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    called: list[str] = []
    watcher = watcher_of(ours.fileno(), READ)
    watcher.start(called.append, "given")
    end_watching(watcher)
    theirs.sendall(b"a")
    turn()

    assert called == []


def test_the_end_of_no_watcher_is_none() -> None:
    end_watching(None)
