"""Post here, every page gets it: the original's contract, end to end."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from time import monotonic

import pytest

from common.message import Mark
from common.store.connect import connect
from tests.support.processes import wait_until
from tests.support.store import Center
from tests.support.system import KEY, PREFIX, Pusher, System
from tests.support.websocket import LIMIT, Client

EMPTY = {"code": -1, "error": "content_empty", "msg": "内容不能为空"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The HTTP API alone: what is pushed stays on the list."""
    with System(tmp_path_factory.mktemp("api")) as system:
        system.start_http()
        yield system


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("both")) as system:
        system.start_http()
        system.start_ws(system.ws_port, POLL_INTERVAL=0.05)
        yield system


def numbered(count: int) -> list[str]:
    return [f"message {number}" for number in range(count)]


def prefixed(contents: list[str]) -> list[str]:
    return [PREFIX + content for content in contents]


def test_what_is_pushed_reaches_every_bare_client(both: System) -> None:
    clients = both.connect(both.ws_port, 3)

    assert both.call("/push?content=hello") == (200, {"code": 0, "msg": "success"})

    assert [client.texts(1) for client in clients] == [[PREFIX + "hello"]] * 3


def test_an_empty_push_gets_the_answer_of_the_original_and_queues_nothing(api: System) -> None:
    assert api.call("/push?content=") == (200, EMPTY)
    assert api.call("/push") == (200, EMPTY)
    assert api.redis.llen(KEY) == 0


def test_content_arrives_unchanged_up_to_the_limit_and_not_beyond(both: System) -> None:
    (client,) = both.connect(both.ws_port)
    contents = ["消息", "😀 \x00 \u2028 <b>", "x" * 65536, "消" * 21845]

    for content in contents:
        assert both.push(content)[0] == 200
    status, answer = both.push("x" * 65537)

    assert client.texts(len(contents)) == prefixed(contents)
    assert (status, answer["error"]) == (413, "content_too_large")
    assert both.redis.llen(KEY) == 0


def test_a_raw_lpush_arrives_like_any_push(both: System) -> None:
    (client,) = both.connect(both.ws_port)

    both.redis.lpush(KEY, "hello")

    assert client.texts(1) == [PREFIX + "hello"]


def test_a_push_puts_exactly_its_bytes_on_the_list(api: System) -> None:
    api.call("/push?content=hello")
    api.push("消息")

    assert api.redis.lpop(KEY, 10) == ["消息".encode(), b"hello"]


def test_bytes_that_are_no_utf_8_do_not_cost_anyone_the_connection(both: System) -> None:
    (client,) = both.connect(both.ws_port)

    both.redis.lpush(KEY, b"bad \xff", "good")

    assert client.texts(2) == prefixed(["bad \ufffd", "good"])


def test_an_unreadable_envelope_is_set_aside_and_nothing_waits_for_it(both: System) -> None:
    (client,) = both.connect(both.ws_port)

    both.redis.lpush(KEY, "before", b"\x1e{broken", b'\x1e{"content": "inside"}', "after")

    assert client.texts(3) == prefixed(["before", "inside", "after"])
    assert both.redis.lrange(f"{{{KEY}}}:rejected", 0, -1) == [b"\x1e{broken"]


def test_one_tick_sends_all_that_waits_in_order_to_50_clients(system: System) -> None:
    _, port = system.start_ws(POLL_INTERVAL=10)
    clients = system.connect(port, 50)
    contents = numbered(1000)

    system.redis.lpush(KEY, *contents)
    received = clients[0].texts(1)

    assert system.redis.llen(KEY) == 0  # Nothing waits for the next tick.
    assert received + clients[0].texts(999) == prefixed(contents)
    assert all(client.texts(1000) == prefixed(contents) for client in clients[1:])


def test_two_workers_give_every_client_every_message_once_and_in_order(system: System) -> None:
    process, port = system.start_ws(WS_WORKERS=2, POLL_INTERVAL=0.2)
    clients = system.connect(port, 50)

    assert_each_gets_each_once(system, clients)
    assert len(process.children()) == 2


def test_two_servers_on_one_redis_give_every_client_every_message_once(both: System) -> None:
    another, port = both.start_ws(POLL_INTERVAL=0.3)

    assert_each_gets_each_once(both, both.connect(both.ws_port, 20) + both.connect(port, 20))
    another.kill_all()


def test_instant_delivery_gives_every_client_of_two_workers_every_message(system: System) -> None:
    _, port = system.start_ws(WS_WORKERS=2, DELIVERY="instant", POLL_INTERVAL=60)

    assert_each_gets_each_once(system, system.connect(port, 50))


def assert_each_gets_each_once(system: System, clients: list[Client]) -> None:
    contents = numbered(1000)
    for start in range(0, 1000, 50):
        system.redis.lpush(KEY, *contents[start : start + 50])

    assert all(client.texts(1000) == prefixed(contents) for client in clients)
    system.redis.lpush(KEY, "last")
    assert all(client.texts(1) == [PREFIX + "last"] for client in clients)  # And no doubles.


def test_killed_between_two_ticks_it_sends_what_came_meanwhile_after_the_restart(
    system: System,
) -> None:
    system.start_http()
    process, port = system.start_ws(POLL_INTERVAL=2)
    system.connect(port)

    process.kill_all()
    contents = numbered(20)
    assert {system.push(content)[0] for content in contents} == {200}
    system.start_ws(port, POLL_INTERVAL=2)
    clients = system.connect(port, 5)

    assert all(client.texts(20) == prefixed(contents) for client in clients)


def test_nothing_acknowledged_is_lost_while_redis_is_away(system: System) -> None:
    http = system.start_http(REDIS_TIMEOUT=2)
    ws, port = system.start_ws(POLL_INTERVAL=0.2, REDIS_TIMEOUT=2)
    clients = system.connect(port, 5)
    workers = (http.children(), ws.children())
    pusher = Pusher(system)

    wait_until(lambda: pusher.acknowledged[20:] != [], "pushes before the outage")
    system.stop_redis()
    wait_until(lambda: pusher.refused > 20, "refused pushes")
    wait_until(lambda: "Redis is unavailable" in ws.output, "the outage noticed")
    system.start_redis()
    before = len(pusher.acknowledged)
    wait_until(lambda: len(pusher.acknowledged) > before + 20, "pushes after the outage")
    acknowledged = pusher.stop()

    for client in clients:
        # One whose answer was lost with Redis may arrive too.
        assert [
            text
            for text in client.texts_upto(PREFIX + acknowledged[-1])
            if text.removeprefix(PREFIX) in acknowledged
        ] == prefixed(acknowledged)
    assert pusher.statuses == {200, 503}
    assert (http.children(), ws.children()) == workers  # Nobody died.
    assert ws.output.count("Redis is unavailable") == 1  # One line, not one for each try.
    wait_until(lambda: "Redis is back" in ws.output, "the end of the outage noticed")
    assert ws.output.count("Redis is back") == 1


def test_a_batch_arrives_whole_and_in_order(both: System) -> None:
    (client,) = both.connect(both.ws_port)
    contents = numbered(10_000)

    status, answer = both.call(
        "/push/batch", json.dumps(contents).encode(), content_type="application/json"
    )

    assert (status, answer) == (200, {"code": 0, "count": 10_000, "msg": "success"})
    assert client.texts(10_000) == prefixed(contents)


def test_a_push_that_is_tried_again_under_its_key_arrives_once(both: System) -> None:
    (client,) = both.connect(both.ws_port)
    success = (200, {"code": 0, "msg": "success"})

    for _ in range(3):
        assert both.call("/push?content=once", Idempotency_Key="1") == success
    assert both.call("/push?content=next") == success

    assert client.texts(2) == prefixed(["once", "next"])
    assert both.redis.keys(f"{{{KEY}}}:once:*") == [f"{{{KEY}}}:once:1".encode()]


def test_half_a_request_keeps_nobody_waiting(system: System) -> None:
    system.start_http(REQUEST_TIMEOUT=2.5, REDIS_TIMEOUT=2)
    head = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
    with socket.create_connection(("127.0.0.1", system.http_port), LIMIT) as half:
        half.sendall(head + b"content=")

        assert system.push("hello")[0] == 200
        assert half.recv(100) == b""  # Given up after REQUEST_TIMEOUT.


def test_a_body_that_is_cut_short_is_no_push(api: System) -> None:
    head = b"POST /push HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n"
    form = b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncontent=half"

    with socket.create_connection(("127.0.0.1", api.http_port), LIMIT) as half:
        half.sendall(head + form)
        half.shutdown(socket.SHUT_WR)
        answer = half.makefile("rb").read()

    assert b" 400 " in answer
    assert b'"error":"body_cut_short"' in answer
    assert api.redis.llen(KEY) == 0


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("path", ["/push", "/push/batch", "/nothing"])
def test_a_body_that_is_not_read_does_not_cost_its_client_the_answer(
    api: System, path: str, connection: str
) -> None:
    body = b"x" * (20 * 1024 * 1024)  # More than MAX_BODY_BYTES, and than the kernel keeps.

    with closing(HTTPConnection("127.0.0.1", api.http_port, timeout=LIMIT)) as client:
        client.request("POST", path, body, {"Connection": connection})
        with client.getresponse() as answer:
            assert answer.status == (404 if path == "/nothing" else 413)
            assert json.loads(answer.read())["code"] == -1


def test_a_broken_chunked_body_is_no_push(api: System) -> None:
    head = b"POST /push?content=hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    with socket.create_connection(("127.0.0.1", api.http_port), LIMIT) as broken:
        broken.sendall(head + b"nonsense\r\n")
        answer = broken.makefile("rb").readline()

    assert b" 400 " in answer
    assert api.redis.llen(KEY) == 0


def test_a_stop_sends_what_is_settled_says_goodbye_and_waits_for_nobody_idle(
    system: System,
) -> None:
    process, port = system.start_ws(POLL_INTERVAL=0.05)
    clients = system.connect(port, 20)
    with socket.create_connection(("127.0.0.1", port), LIMIT) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\nHost: half")
        system.redis.lpush(KEY, *numbered(500))
        clients[0].texts(1)
        began = monotonic()

        process.popen.send_signal(signal.SIGTERM)

        assert clients[0].texts(499) == prefixed(numbered(500)[1:])
        assert all(client.texts(500) == prefixed(numbered(500)) for client in clients[1:])
        assert {client.close_code() for client in clients} == {1001}
        for client in clients:
            client.socket.close()
        assert process.stop() == 0
        assert monotonic() - began < 10  # STOP_TIMEOUT; the silent one alone would take 15.


def test_when_only_the_master_is_killed_the_port_is_free_at_once(system: System) -> None:
    process, port = system.start_ws(POLL_INTERVAL=0.05)
    (stays,) = system.connect(port)  # It does not answer the close.

    process.popen.kill()
    process.popen.wait()
    assert stays.close_code() == 1001

    system.start_ws(port)  # Raises if it cannot listen.


def test_a_log_that_has_gone_backwards_does_not_swallow_messages(system: System) -> None:
    for delivery in ("timer", "instant"):
        system.redis.flushdb()
        ahead = (int(system.redis.time()[0]) + 3600) * 1000
        system.redis.xadd(f"{{{KEY}}}:log", {"c": "of the future"}, id=f"{ahead}-0")
        process, port = system.start_ws(POLL_INTERVAL=0.05, DELIVERY=delivery)
        (client,) = system.connect(port)

        system.redis.delete(f"{{{KEY}}}:log")
        system.redis.lpush(KEY, "after the loss")

        assert client.texts(1) == [PREFIX + "after the loss"]
        assert "Redis has lost messages" in process.output
        process.kill_all()


def test_after_closed_redis_connections_a_stop_still_sends_what_others_settled(
    system: System,
) -> None:
    process, port = system.start_ws(POLL_INTERVAL=3)
    (client,) = system.connect(port)
    system.redis.client_kill_filter(_type="normal", skipme=True)
    another = Center(connect(system.redis_url, LIMIT, 1), KEY)
    another.queue.push([b"settled by another"])
    assert another.log.settle_and_read(Mark("", 0), 1)[0].moved == 1

    process.popen.send_signal(signal.SIGTERM)

    assert client.texts(1) == [PREFIX + "settled by another"]
    assert client.close_code() == 1001


def test_a_reload_closes_with_1012_and_a_new_worker_serves(system: System) -> None:
    process, port = system.start_ws(POLL_INTERVAL=0.05)
    (old,) = system.connect(port)
    workers = process.children()

    process.popen.send_signal(signal.SIGHUP)

    assert old.close_code() == 1012
    old.socket.close()
    wait_until(lambda: not set(process.children()) & set(workers), "the old worker gone")
    (new,) = system.connect(port)
    system.redis.lpush(KEY, "hello")
    assert new.texts(1) == [PREFIX + "hello"]
