"""Who is served, for how long, who has to go, and how a worker ends."""

import gc
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import gevent
import pytest

from common.serving import acceptor, client_sockets, gunicorn_worker
from common.serving.acceptor import Acceptor
from common.serving.client_sockets import ClientSocket
from config.settings import Settings
from tests.support.signals import handlers_kept
from tests.support.web_server import GET, LIMIT, STEP, WebServer, await_that, get, post

NOBODY_GOES = 10 * LIMIT  # A patience that no test outlives.
LARGE = 4 << 20  # More than the kernel takes on its own.

Serve = Callable[..., WebServer]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALIVE_STEP", "SCARCE_STEP", "DRAIN_STEP"):
        monkeypatch.setattr(gunicorn_worker, name, STEP)
    for module in (acceptor, gunicorn_worker):
        monkeypatch.setattr(module, "LAST_REQUESTS", 10 * STEP)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_to(seconds: float) -> None:
        monkeypatch.setattr(client_sockets, "PATIENCE", seconds)

    set_to(NOBODY_GOES)
    return set_to


@pytest.fixture
def serve(patience: Callable[[float], None]) -> Iterator[Serve]:
    servers: list[WebServer] = []

    def start(slots: int = 8, workers: int = 1, **settings: Any) -> WebServer:
        made = WebServer(Settings(**settings), slots, workers)
        servers.append(made)
        made.start()
        made.worker.await_turns(1)
        return made

    yield start
    for each in servers:
        each.close()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What gunicorn's log is told."""
    logging.getLogger("gunicorn.error").addHandler(caplog.handler)
    yield caplog
    logging.getLogger("gunicorn.error").removeHandler(caplog.handler)


def is_served(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200 ")


def says_close(answer: bytes) -> bool:
    return b"\r\nconnection: close\r\n" in answer.lower()


# One connection.


def test_one_request_after_the_other_is_answered(serve: Serve) -> None:
    client = serve().connect()

    answers = [client.ask(), client.ask(), client.ask()]

    assert all(map(is_served, answers))
    assert not any(map(says_close, answers))


def test_a_client_that_wants_no_more_gets_an_end(serve: Serve) -> None:
    client = serve().connect(get("/", "Connection: close\r\n"))

    assert is_served(client.rest())


def test_after_an_upgrade_that_is_refused_nothing_is_read_as_http(serve: Serve) -> None:
    server = serve()
    client = server.connect(get("/", "Upgrade: websocket\r\n") + GET)

    assert says_close(client.rest())
    assert len(server.app.asked) == 1


def test_what_is_no_http_is_told_so_in_our_shape(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    answer = serve().connect(b"nothing\r\n\r\n").rest()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "bad_request"
    assert "InvalidRequestLine" in logged.text


def test_a_request_that_breaks_the_application_is_a_500_and_its_query_is_not_logged(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    answer = serve().connect(get("/broken?token=SESAME")).rest()

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "Error handling request GET /broken\n" in logged.text
    assert "SESAME" not in logged.text


def test_clients_that_leave_at_any_time_are_no_failure_and_leave_their_slots(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    server = serve(slots=1, connections_per_address=1)
    for first in (b"", GET[:9], post(9), GET):
        server.connect(first).close()
        await_that(lambda: is_served(server.connect().ask()), "an answer")
        server.clients.pop().close()

    assert logged.text == ""


def test_nothing_of_a_client_stays_when_it_has_left(serve: Serve) -> None:
    server = serve()
    for _ in range(3):
        server.connect(get("/", "Connection: close\r\n")).rest()

    def kept() -> list[ClientSocket]:
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, ClientSocket)]

    await_that(lambda: not kept(), "the end of the clients' sockets")


def test_one_who_sends_much_at_a_time_gives_way_to_others(serve: Serve) -> None:
    server = serve()
    many, other = server.connect(), server.connect()
    assert is_served(many.ask())
    assert is_served(other.ask())

    many.send(get("/many") * 200)  # A few of them are read at once.
    other.send(get("/other"))

    server.await_asked(203)
    assert server.app.asked.index("/other") < 100


def test_a_socket_that_the_application_takes_is_left_alone(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    server = serve(slots=1, connections_per_address=1)
    client = server.connect(get("/take"))
    server.await_asked(1)

    # Neither its slot nor its address is counted any more.
    await_that(lambda: is_served(server.connect().ask()), "another client")
    os.write(server.app.taken[0], b"HTTP/1.1 200 \r\n\r\nok")

    assert is_served(client.answer())
    assert logged.text == ""


# Time.


@pytest.mark.parametrize("first", [b"", GET[:9], b"\r\n"])
def test_a_head_has_a_limited_time_however_it_dribbles_in(serve: Serve, first: bytes) -> None:
    client = serve(header_timeout=0.05).connect(first)
    dribbling = gevent.spawn(client.dribble, b"a" if first else b"")

    assert client.end() == b""

    dribbling.kill()


def test_a_client_may_be_idle_for_as_long(serve: Serve) -> None:
    client = serve(header_timeout=0.05).connect()
    assert is_served(client.ask())

    assert client.rest() == b""


def test_a_body_may_take_longer_than_a_head(serve: Serve) -> None:
    client = serve(header_timeout=0.05).connect(post(10).replace(b"/ ", b"/read "))
    begin = monotonic()
    while monotonic() - begin < 0.09:
        client.send(b"a")
        gevent.sleep(0.011)
    client.send(b"a" * 10)

    assert is_served(client.answer())


def test_a_request_has_a_limited_time_and_then_no_answer(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    server = serve(request_timeout=0.05)

    assert server.connect(get("/wait")).rest() == b""
    assert "Gave up a request" in logged.text
    assert "REQUEST_TIMEOUT" in logged.text


def test_each_request_has_the_time_for_itself(serve: Serve) -> None:
    client = serve(request_timeout=0.1).connect()
    begin = monotonic()
    while monotonic() - begin < 0.2:
        assert is_served(client.ask())
        gevent.sleep(STEP)


def test_a_time_out_of_the_application_is_a_failure_of_its_own(serve: Serve) -> None:
    answer = serve(request_timeout=LIMIT).connect(get("/late")).rest()

    assert answer.startswith(b"HTTP/1.1 500 ")


# After the last answer.


def test_a_client_that_still_sends_what_nobody_wants_reads_its_answer(serve: Serve) -> None:
    client = serve().connect(post(LARGE, "Connection: close\r\n"))

    client.send(b"x" * LARGE)

    assert is_served(client.rest())


def test_nobody_is_read_from_for_ever_after_the_last_answer(serve: Serve) -> None:
    client = serve(header_timeout=0.05).connect(post(LARGE, "Connection: close\r\n"))
    assert is_served(client.rest())

    with gevent.Timeout(LIMIT):
        client.dribble(b"x")


# Too many.


def test_an_address_has_so_many_sockets_and_one_more_is_told_so(serve: Serve) -> None:
    server = serve(connections_per_address=1)
    first = server.connect()
    first.ask()

    answer = server.connect(GET).rest()  # Whole, and not reset.

    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 5\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "too_many_connections"
    assert is_served(first.ask())


def test_whoever_is_turned_away_and_silent_holds_no_slot(serve: Serve) -> None:
    server = serve(slots=2, connections_per_address=1)
    first = server.connect()
    first.ask()
    for _ in range(4):
        assert server.connect().rest().startswith(b"HTTP/1.1 429 ")

    first.close()
    await_that(lambda: is_served(server.connect(GET).answer()), "room for another")


def test_where_slots_are_taken_others_wait_for_one(serve: Serve) -> None:
    server = serve(slots=2)
    working = [server.connect(get("/wait")) for _ in range(2)]
    server.await_asked(2)
    third = server.connect(GET)
    server.worker.await_turns(3)
    assert len(server.app.asked) == 2

    server.app.go_on.set()

    assert is_served(third.answer())
    assert all(is_served(client.answer()) for client in working)  # Nobody who waits for us is cut.


def test_an_idle_client_makes_room_and_only_one_for_each_that_waits(serve: Serve) -> None:
    server = serve(slots=2)
    idle = [server.connect(), server.connect()]
    for client in idle:
        client.ask()

    assert is_served(server.connect(GET).answer())

    server.worker.await_turns(3)
    still_there = 0
    for client in idle:
        with suppress(OSError):
            still_there += is_served(client.ask())
    assert still_there == 1


@pytest.mark.parametrize("first", [b"", GET[:9], post(9).replace(b"/ ", b"/read ")])
def test_whoever_completes_nothing_makes_room_after_a_while(
    serve: Serve, patience: Callable[[float], None], first: bytes
) -> None:
    server = serve(slots=1)
    slow = server.connect(first)
    other = server.connect(GET)
    server.worker.await_turns(3)
    assert server.app.asked in ([], ["/read"])

    patience(0.0)

    assert is_served(other.answer())
    slow.rest()


def test_nobody_has_to_go_where_nobody_waits(
    serve: Serve, patience: Callable[[float], None]
) -> None:
    patience(0.0)
    server = serve(slots=1)
    slow = server.connect(GET[:9])
    server.worker.await_turns(5)

    slow.send(GET[9:])

    assert is_served(slow.answer())


def test_while_others_wait_an_answer_ends_its_connection(serve: Serve) -> None:
    server = serve(slots=2)
    working = [server.connect(get("/wait") + GET) for _ in range(2)]
    server.await_asked(2)
    waiting = server.connect(GET)
    server.worker.await_turns(2)

    server.app.go_on.set()

    ends = [client.rest().lower() for client in working]
    assert [each.count(b"connection: close\r\n") for each in ends] == [1, 1]  # The last of two.
    assert [each.count(b"200 ok") for each in ends] == [2, 2]
    assert is_served(waiting.answer())


def test_many_who_come_at_once_and_find_room_keep_their_connections(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gunicorn_worker, "ACCEPTS", 1)
    server = serve(slots=40)
    idle = server.connect()
    idle.ask()
    crowd = server.connect_crowd(8, GET)

    answers = [*(client.answer() for client in crowd), idle.ask()]

    assert all(map(is_served, answers))
    assert not any(map(says_close, answers))


@pytest.mark.parametrize(("workers", "wanted"), [(1, [24]), (2, [1])])
def test_where_several_listen_each_leaves_some_for_the_others(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, workers: int, wanted: list[int]
) -> None:
    at_once: list[int] = []
    monkeypatch.setattr(Acceptor, "accept_at_once", lambda _, most: at_once.append(most))

    serve(workers=workers).worker.await_turns(3)

    assert list(dict.fromkeys(at_once)) == wanted


def test_of_very_many_each_takes_what_it_can(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    monkeypatch.setattr(Acceptor, "accept_at_once", lambda _, most: at_once.append(most))
    server = serve(slots=1, workers=2)
    server.connect(get("/wait"))
    server.await_asked(1)
    server.connect(GET)

    await_that(lambda: 24 in at_once, "more than one at a time")


# The end.


def test_a_request_under_way_is_finished(serve: Serve) -> None:
    server = serve(stop_timeout=LIMIT)
    client = server.connect(get("/wait"))
    server.await_asked(1)

    server.stop()
    server.app.is_stopping.wait(LIMIT)
    server.worker.await_turns(3)  # It goes on saying that it lives.
    assert not server.running.dead
    server.app.go_on.set()

    assert is_served(client.answer())
    server.await_end()


def test_a_request_that_comes_meanwhile_is_answered_and_is_the_last(serve: Serve) -> None:
    server = serve(stop_timeout=LIMIT)
    server.connect(get("/wait"))
    client = server.connect()
    client.ask()
    server.await_asked(2)

    server.stop()
    server.app.is_stopping.wait(LIMIT)

    client.send(GET)
    answer = client.rest()
    assert is_served(answer)
    assert says_close(answer)


def test_the_port_is_free_at_once(serve: Serve) -> None:
    server = serve(stop_timeout=LIMIT)
    server.connect(get("/wait"))
    server.await_asked(1)

    server.stop()
    server.app.is_stopping.wait(LIMIT)

    with pytest.raises(ConnectionRefusedError):
        server.connect()


def test_the_application_is_told_of_the_stop_while_requests_are_under_way(serve: Serve) -> None:
    server = serve(stop_timeout=LIMIT)
    server.connect(get("/wait"))
    server.await_asked(1)

    server.stop()

    assert server.app.is_stopping.wait(LIMIT)


def test_a_stop_waits_for_the_application(serve: Serve) -> None:
    server = serve(stop_timeout=0)
    server.app.may_stop.clear()

    server.stop()
    server.app.is_stopping.wait(LIMIT)
    server.worker.await_turns(3)

    assert not server.running.dead
    server.app.may_stop.set()
    server.await_end()


def test_a_stop_does_not_wait_for_idle_clients(serve: Serve) -> None:
    server = serve(stop_timeout=10 * LIMIT)
    server.connect().ask()
    server.connect(GET[:9])

    server.stop()

    server.await_end()


def test_a_stop_waits_for_requests_no_longer_than_it_may(serve: Serve) -> None:
    server = serve(stop_timeout=0.05)
    server.connect(get("/wait"))
    server.await_asked(1)

    server.stop()

    server.await_end()
    assert server.app.asked == ["/wait"]


def test_a_request_that_was_given_up_is_not_waited_for(serve: Serve) -> None:
    server = serve(request_timeout=0.05, stop_timeout=10 * LIMIT)
    server.connect(get("/wait")).rest()

    server.stop()

    server.await_end()


def test_whoever_was_let_in_last_has_a_moment_to_say_what_it_wants(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gunicorn_worker, "LAST_REQUESTS", 0.3)
    server = serve()
    client = server.connect()
    server.stop()
    await_that(lambda: server.is_closed, "the end of accepting")

    assert is_served(client.ask())
    assert not server.app.is_stopping.is_set()


def test_whoever_was_let_in_by_the_kernel_is_still_answered(serve: Serve) -> None:
    server = serve(slots=1, stop_timeout=LIMIT)
    server.connect(get("/wait"))
    server.await_asked(1)
    late = server.connect(GET)

    server.stop()

    assert is_served(late.answer())
    assert not server.app.go_on.is_set()


def test_a_stop_is_the_masters_to_order(serve: Serve) -> None:
    server = serve()
    server.worker.PIPE = os.pipe()
    os.set_blocking(server.worker.PIPE[1], False)
    try:
        with handlers_kept():
            server.worker.init_signals()
            for number in (signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
                server.worker.await_turns(2)
            os.kill(os.getpid(), signal.SIGTERM)
            server.await_end()
    finally:
        os.close(server.worker.PIPE[0])
        os.close(server.worker.PIPE[1])
