"""One connection through gunicorn: what is answered, for how long, and who has its socket."""

import gc
import json
import os
from time import monotonic

import gevent
import pytest

from common.serving.client_sockets import ClientSocket
from tests.support.web_server import (
    GET,
    LARGE,
    LIMIT,
    STEP,
    Serve,
    await_that,
    get,
    is_served,
    post,
    says_close,
)


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


def test_a_request_that_breaks_the_application_is_a_500_and_its_address_is_not_logged(
    serve: Serve, logged: pytest.LogCaptureFixture
) -> None:
    answer = serve().connect(get("/broken?token=SESAME")).rest()

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert "Error handling request GET …\n" in logged.text
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
