"""What the tests of the WebSocket server share; a test that leaves a descriptor open fails."""

import os
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from tests.support.parts import Parts, Peers, let_others_run, wait_until
from tests.support.running import Running
from ws_server.relay import pages


@pytest.fixture(autouse=True)
def _nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the greenlets of a test; fail it if one had died, or if a descriptor stays open."""
    gevent.get_hub().loop.update_now()
    before = set(os.listdir("/proc/self/fd"))
    started: list[gevent.Greenlet[..., Any]] = []
    spawn = gevent.spawn

    def spawn_and_note(*args: Any, **options: Any) -> Any:
        greenlet = spawn(*args, **options)
        started.append(greenlet)
        return greenlet

    monkeypatch.setattr(gevent, "spawn", spawn_and_note)
    yield
    died = [greenlet.exception for greenlet in started if greenlet.exception is not None]
    gevent.killall(started)
    assert died == []
    assert set(os.listdir("/proc/self/fd")) - before == set()


@pytest.fixture(autouse=True)
def _no_pause_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or how much is read at once would depend on how busy the machine is."""
    monkeypatch.setattr(pages, "IDLE", 1000.0)


@pytest.fixture
def peers() -> Iterator[Peers]:
    peers = Peers()
    yield peers
    peers.close()


@pytest.fixture
def parts(peers: Peers) -> Iterator[Parts]:
    parts = Parts(peers)
    yield parts
    parts.close()


@pytest.fixture
def small_window(peers: Peers) -> Iterator[Parts]:
    """Parts that keep one chunk in memory: what is older comes from the log."""
    parts = Parts(peers, window_bytes=1)
    yield parts
    parts.close()


@pytest.fixture
def running(peers: Peers) -> Iterator[Running]:
    running = Running(peers)
    yield running
    peers.close()  # Whoever is left leaves.
    wait_until(lambda: running.service.newcomers.are_gone, "all are gone")
    let_others_run()
