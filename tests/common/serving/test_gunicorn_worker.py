"""Who is served, who has to go, and how a worker ends."""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest

from common.serving import gunicorn_worker
from common.serving.acceptor import Acceptor
from tests.support.signals import handlers_kept
from tests.support.web_server import (
    GET,
    LIMIT,
    Serve,
    await_that,
    get,
    is_served,
    post,
    says_close,
)

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


@pytest.mark.parametrize(("workers", "wanted"), [(1, [gunicorn_worker.ACCEPTS]), (2, [1])])
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

    await_that(lambda: gunicorn_worker.ACCEPTS in at_once, "more than one at a time")


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


def test_between_the_word_of_a_stop_and_the_stop_everybody_is_served(serve: Serve) -> None:
    server = serve()
    server.app.notice = 10 * LIMIT

    server.stop()
    server.app.was_told.wait(LIMIT)
    server.worker.await_turns(3)

    assert is_served(server.connect(GET).answer())
    assert not server.app.is_stopping.is_set()
    server.app.hurries = True  # And who stops it twice does not wait for that.
    server.await_end()
    assert server.app.is_stopping.is_set()


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
