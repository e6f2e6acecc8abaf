"""What we use of gunicorn's worker and it does not promise. Each failure says what has changed."""

import logging
import os
import signal
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker

from common.libraries.gunicorn_http import Request, Requests
from common.libraries.gunicorn_worker import WorkerProcess
from tests.support.libraries import Part, complaint, complaint_without, named, names_taken
from tests.support.signals import handlers_kept

NAME = "gunicorn"
NOW = named(NAME)
PARTS = [
    Part(NAME, GeventWorker, "init_process", ("self",)),
    Part(NAME, GeventWorker, "init_signals", ("self",)),
    Part(NAME, GeventWorker, "run", ("self",)),
    Part(NAME, GeventWorker, "notify", ("self",)),
    Part(NAME, GeventWorker, "handle_request", ("self", "listener_name", "req", "sock", "addr")),
    Part(NAME, GeventWorker, "handle_error", ("self", "req", "client", "addr", "exc")),
    Part(NAME, Config, "__getattr__", ("self", "name")),
]
GET = b"GET /a?token=SESAME HTTP/1.1\r\nHost: a\r\n\r\n"
LISTENER = ("127.0.0.1", 80)
PEER = ("127.0.0.1", 1)


class App:
    """An application of gunicorn's. Unrealistic: it answers by the path alone."""

    settings = "settings"

    def wsgi(self) -> Any:
        return self.serve

    def serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/taken":
            environ["gunicorn.socket"].detach()
            raise gevent.GreenletExit
        if environ["PATH_INFO"] == "/broken":
            raise LookupError
        body = f"{environ['SERVER_PORT']} {environ['REMOTE_PORT']}".encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


class Noting(WorkerProcess):
    """Notes in which order gunicorn calls it. Unrealistic: it patches nothing."""

    left_to_master = (signal.SIGHUP,)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.calls: list[str] = []

    def patch(self) -> None:
        pass

    def init_signals(self) -> None:
        self.calls.append("init_signals")

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.calls.append("load_wsgi")

    def run(self) -> None:
        self.calls.append("run")


@pytest.fixture
def worker() -> Iterator[Noting]:
    config = Config()
    worker = Noting(0, os.getpid(), [], App(), 30, config, Logger(config))
    worker.wsgi = worker.app.wsgi()
    yield worker
    worker.tmp.close()


@contextmanager
def request(head: bytes) -> Iterator[tuple[Request, socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(head)
        yield next(Requests(Config(), ours, PEER)), ours, theirs


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_it_has_what_is_used(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not complaint(part), complaint(part)
    assert complaint_without(part, monkeypatch)


def test_no_name_of_ours_is_one_of_its_own() -> None:
    taken = names_taken(NAME, WorkerProcess, ["init_process", "init_signals"])

    assert not taken, taken


def test_a_process_sets_its_signals_then_loads_then_runs(worker: Noting) -> None:
    worker.init_process()

    os.close(worker.PIPE[0])
    os.close(worker.PIPE[1])
    assert "keepalive" in vars(worker.cfg)  # So it is found there at each request.
    assert worker.calls == ["init_signals", "load_wsgi", "run"], (
        f"{NOW}: `init_process` does other things, or in another order: {worker.calls}"
    )


def test_a_worker_has_what_is_asked_of_it(worker: Noting) -> None:
    for name in ("sockets", "worker_connections", "alive", "app", "cfg", "log"):
        assert hasattr(worker, name), f"{NOW}: a worker has no `{name}` any more"
    assert worker.alive is True, f"{NOW}: a worker is not `alive` when it begins"
    assert worker.slots == worker.cfg.worker_connections
    assert not worker.has_siblings


def test_a_worker_that_is_told_to_stop_is_not_alive(worker: Noting) -> None:
    worker.PIPE = os.pipe()
    os.set_blocking(worker.PIPE[1], False)
    try:
        with handlers_kept():
            WorkerProcess.init_signals(worker)
            os.kill(os.getpid(), signal.SIGHUP)
            assert worker.alive, f"{NOW}: `init_signals` has the last word about a signal"
            os.kill(os.getpid(), signal.SIGTERM)
            assert not worker.alive, f"{NOW}: after a SIGTERM a worker is still `alive`"
    finally:
        for fd in worker.PIPE:
            os.close(fd)


def test_a_setting_that_is_an_attribute_is_not_looked_up(worker: Noting) -> None:
    settings = getattr(worker.cfg, "settings", {})
    assert "keepalive" in settings, f"{NOW}: a Config has its settings elsewhere than in `settings`"
    found = settings["keepalive"].get()
    assert found == worker.cfg.keepalive, f"{NOW}: a setting's `get` is not its value any more"

    worker.cfg.__dict__["keepalive"] = 77

    assert worker.cfg.keepalive == 77, f"{NOW}: a Config looks a setting up before its attributes"


def test_a_request_is_answered_and_its_connection_goes_on(worker: Noting) -> None:
    with request(GET) as (read, ours, theirs):
        goes_on = worker.answer(read, ours, PEER, LISTENER)
        answer = theirs.recv(4096)

    assert goes_on, f"{NOW}: `handle_request` ends a connection that could go on"
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n"), f"{NOW}: `handle_request` answers otherwise"
    assert answer.endswith(b"\r\n\r\n80 1"), f"{NOW}: the addresses in the environment are others"


def test_a_request_that_is_the_last_says_so_and_ends_its_connection(worker: Noting) -> None:
    with request(GET) as (read, ours, theirs):
        read.make_last()
        goes_on = worker.answer(read, ours, PEER, LISTENER)
        answer = theirs.recv(4096).lower()

    assert not goes_on, f"{NOW}: `handle_request` raises no StopIteration at the last request"
    assert b"\r\nconnection: close\r\n" in answer, f"{NOW}: an answer does not say it is the last"


def test_a_worker_that_stops_ends_a_connection(worker: Noting) -> None:
    worker.alive = False
    with request(GET) as (read, ours, _):
        goes_on = worker.answer(read, ours, PEER, LISTENER)

    assert not goes_on, f"{NOW}: a worker that is not `alive` keeps its connections"


def test_an_application_may_take_the_socket_and_not_answer(worker: Noting) -> None:
    with request(b"GET /taken HTTP/1.1\r\nHost: a\r\n\r\n") as (read, ours, theirs):
        fd = ours.fileno()
        goes_on = worker.answer(read, ours, PEER, LISTENER)
        os.close(fd)
        answer = theirs.recv(4096)

    assert not goes_on
    assert answer == b"", f"{NOW}: a GreenletExit of the application is answered now"


def test_what_breaks_is_raised_then_logged_without_its_address_and_answered(
    worker: Noting, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("gunicorn.error").addHandler(caplog.handler)
    with request(GET.replace(b"/a", b"/broken")) as (read, ours, theirs):
        try:
            worker.answer(read, ours, PEER, LISTENER)
        except LookupError as problem:
            worker.answer_failure(read, ours, PEER, problem)
        theirs.setblocking(False)
        answer = theirs.recv(4096)
    logging.getLogger("gunicorn.error").removeHandler(caplog.handler)

    assert answer.startswith(b"HTTP/1.1 500 "), f"{NOW}: `handle_error` answers otherwise"
    assert "Error handling request GET …\n" in caplog.text, f"{NOW}: it is logged otherwise"
    assert "SESAME" not in caplog.text, f"{NOW}: what is logged is not `uri`"
