"""Who is accepted where there is no descriptor, and at the end."""

import _socket
import errno
import logging
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gevent
import gevent.select
import gevent.socket
import pytest

from common.libraries.gevent_server import Server
from common.serving import acceptor as module
from common.serving.acceptor import Acceptor
from tests.support.web_server import LIMIT, await_that

HOST = "127.0.0.1"


class Counting(Acceptor):
    """Counts how often it has stopped to accept."""

    stops = 0

    def stop_accepting(self) -> None:
        self.stops += 1
        super().stop_accepting()


class Serving:
    """An acceptor, and whom it has accepted."""

    def __init__(self) -> None:
        self.listener = gevent.socket.socket()
        self.listener.bind((HOST, 0))
        self.listener.listen()
        self.address = self.listener.getsockname()
        self.acceptor = Counting(self.listener, self._serve, lambda: len(self.served) >= 2)
        self.served: list[tuple[Any, Any]] = []
        self.clients: list[Any] = []

    def _serve(self, client: Any, peer: Any) -> None:
        self.served.append((client, peer))

    def connect(self) -> Any:
        client = gevent.socket.create_connection(self.address, LIMIT)
        self.clients.append(client)
        return client.getsockname()

    def await_served(self, count: int) -> None:
        await_that(lambda: len(self.served) >= count, f"{count} clients")

    def close(self) -> None:
        self.acceptor.close()
        self.listener.close()
        for client in [*self.clients, *(each for each, _ in self.served)]:
            client.close()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    monkeypatch.setattr(module, "ACCEPT_PAUSE", 0.01)
    serving = Serving()
    yield serving
    serving.close()


@contextmanager
def no_descriptors() -> Iterator[None]:
    """This process may open no more files than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_is_accepted_has_a_socket_of_the_interpreter(serving: Serving) -> None:
    name = serving.connect()
    serving.acceptor.start()
    serving.await_served(1)

    ((client, peer),) = serving.served
    assert type(client) is _socket.socket  # Without gevent's watchers.
    assert peer == name


def test_without_descriptors_nobody_is_accepted_for_a_while_and_it_is_said_once(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    serving.connect()
    with no_descriptors():
        serving.acceptor.start()
        await_that(lambda: serving.acceptor.stops >= 3, "three pauses")
        assert serving.served == []

    serving.await_served(1)

    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "ulimit -n" in record.message


def test_it_is_said_again_when_descriptors_run_out_again(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    serving.acceptor.start()
    for count in (1, 2):
        serving.connect()
        with no_descriptors():
            await_that(partial(has_lines, caplog, count), "a line in the log")
        serving.await_served(count)


def has_lines(caplog: pytest.LogCaptureFixture, count: int) -> bool:
    return len(caplog.records) == count


def test_one_that_is_closed_meanwhile_stays_closed(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(gevent, "spawn_later", lambda _, resume: later.append(resume))
    serving.connect()
    with no_descriptors():
        serving.acceptor.start()
        await_that(lambda: later, "a pause")
    serving.acceptor.close()

    for resume in later:
        resume()

    assert not serving.acceptor.started


def test_any_other_problem_is_raised(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Server) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(Server, "accept", fail)

    with pytest.raises(OSError, match="Bad file"):
        serving.acceptor.accept()


def test_at_the_end_those_who_wait_are_served_though_there_is_no_slot(serving: Serving) -> None:
    names = [serving.connect() for _ in range(5)]
    serving.acceptor.start()
    serving.await_served(2)

    serving.acceptor.accept_the_rest(2)

    serving.await_served(4)
    assert [peer for _, peer in serving.served] == names[:4]  # No more than that.


def test_at_the_end_nobody_is_waited_for(serving: Serving) -> None:
    serving.connect()
    serving.acceptor.start()
    serving.await_served(1)

    serving.acceptor.accept_the_rest(100)

    serving.connect()
    gevent.select.select([serving.listener], [], [], LIMIT)
    gevent.sleep(0)
    assert len(serving.served) == 1


def test_there_is_an_end_though_others_come_all_the_time(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_REQUESTS", 0.02)
    serving.acceptor.start()
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(serving.acceptor, "accept", lambda: (theirs, "somebody"))

        with gevent.Timeout(LIMIT):
            serving.acceptor.accept_the_rest(1 << 60)
