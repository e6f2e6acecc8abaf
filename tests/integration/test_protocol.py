"""RFC 6455 at the real server: handshakes, frames, keep-alive, and who breaks the rules."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.processes import free_port, wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import (
    BINARY,
    CLOSE,
    LIMIT,
    PING,
    PONG,
    TEXT,
    Client,
    frame,
    request,
)


@dataclass
class Shared:
    """One server with the default settings, for all tests that need no other."""

    system: System
    port: int

    def connect(self, count: int = 1) -> list[Client]:
        return self.system.connect(self.port, count)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with System(tmp_path_factory.mktemp("shared")) as system:
        _, port = system.start_ws(POLL_INTERVAL=0.05)
        yield Shared(system, port)


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"sec_websocket_version": "8"}, 426, "unsupported_version"),
        ({"sec_websocket_version": ""}, 426, "unsupported_version"),
        ({"sec_websocket_key": ""}, 400, "bad_handshake"),
        ({"sec_websocket_key": "short"}, 400, "bad_handshake"),
        ({"sec_websocket_key": "!" * 24}, 400, "bad_handshake"),
        ({"connection": "keep-alive"}, 400, "bad_handshake"),
    ],
)
def test_a_failed_handshake_is_answered_with_the_reason(
    shared: Shared, headers: dict[str, str], status: int, error: str
) -> None:

    with Client(shared.port, headers=headers) as client:
        assert client.status == status
        assert f'"error":"{error}"' in client.rest().decode()


def test_an_old_version_is_told_which_one_is_spoken(shared: Shared) -> None:

    with Client(shared.port, headers={"sec_websocket_version": "8"}) as client:
        assert "sec-websocket-version: 13" in client.head.lower()


def test_a_plain_get_is_told_what_this_port_is(shared: Shared) -> None:

    with socket.create_connection(("127.0.0.1", shared.port), LIMIT) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: here:2345\r\nConnection: close\r\n\r\n")
        answer = plain.makefile("rb").read().decode()

    assert answer.startswith("HTTP/1.1 426 ")
    assert "ws://here:2345/" in answer


def test_what_is_no_http_gets_a_400(shared: Shared) -> None:

    with socket.create_connection(("127.0.0.1", shared.port), LIMIT) as plain:
        plain.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert b" 400 " in plain.makefile("rb").readline()


def test_any_path_is_accepted_as_the_original_accepts_it(shared: Shared) -> None:

    with Client(shared.port, "/ws/messages?uid=1") as client:
        shared.system.redis.lpush(KEY, "hello")
        assert client.texts(1) == [PREFIX + "hello"]


def test_compression_is_never_agreed_to(shared: Shared) -> None:

    with Client(shared.port, headers={"sec_websocket_extensions": "permessage-deflate"}) as client:
        assert "extensions" not in client.head.lower()


def test_a_ping_is_answered_with_its_payload(shared: Shared) -> None:
    (client,) = shared.connect()

    client.send(PING, b"are you there")

    assert client.receive() == (PONG, b"are you there")


def test_a_ping_sent_with_the_handshake_is_answered_too(shared: Shared) -> None:

    with Client(shared.port, early=frame(PING, b"early")) as client:
        assert client.receive() == (PONG, b"early")


def test_a_close_is_answered_with_its_code_and_the_end(shared: Shared) -> None:
    (client,) = shared.connect()

    client.send(CLOSE, (4321).to_bytes(2))

    assert client.close_code() == 4321
    assert client.is_at_end()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xfe"), 1007),
        (frame(TEXT, b"not masked", mask=False), 1002),
        (frame(0x3, b"reserved opcode"), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(TEXT, b"x" * 65537), 1009),
        (frame(TEXT, b"x" * 40000, fin=False) + frame(0x0, b"x" * 40000), 1009),
    ],
    ids=["no UTF-8", "not masked", "reserved opcode", "long ping", "long text", "long fragments"],
)
def test_whoever_breaks_a_rule_is_told_which(shared: Shared, sent: bytes, code: int) -> None:
    (client,) = shared.connect()

    client.socket.sendall(sent)

    assert client.close_code() == code
    assert client.is_at_end()


def test_the_echo_example_joins_fragments_and_answers_in_order(system: System) -> None:
    _, port = system.start_ws(WORKER_CLASS="docs.echo:Echo")
    (client,) = system.connect(port)

    client.send(TEXT, "消".encode(), fin=False)
    client.send(PING, b"between")
    client.send(0x0, "息".encode())
    client.send(BINARY, b"\x00\xff")

    answers = [client.receive() for _ in range(3)]
    assert sorted(answers) == [(TEXT, "消息".encode()), (BINARY, b"\x00\xff"), (PONG, b"between")]
    assert answers.index((TEXT, "消息".encode())) < answers.index((BINARY, b"\x00\xff"))


def test_a_client_that_floods_without_reading_is_stopped_by_back_pressure(system: System) -> None:
    _, port = system.start_ws(WORKER_CLASS="docs.echo:Echo", POLL_INTERVAL=0.05)
    flooder, other = system.connect(port, 2)
    piece = frame(TEXT, b"x" * 60000)
    flooder.socket.settimeout(1)

    with pytest.raises(TimeoutError):
        flooder.socket.sendall(piece * 1000)  # 60 MB: far more than the sockets can hold.
    system.redis.lpush(KEY, "hello")

    assert other.texts(1) == [PREFIX + "hello"]
    kind, echoed = flooder.receive()
    while kind == PING:  # A busy machine took longer than PING_INTERVAL.
        kind, echoed = flooder.receive()
    assert (kind, echoed) == (TEXT, b"x" * 60000)


def test_clients_are_pinged_and_the_silent_are_dropped(system: System) -> None:
    _, port = system.start_ws(PING_INTERVAL=0.3)
    silent, alive = system.connect(port, 2)

    for _ in range(5):
        opcode, payload = alive.receive()
        assert (opcode, payload) == (PING, b"")
        alive.send(PONG, payload)

    assert [silent.receive()[0] for _ in range(2)] == [PING, PING]
    assert silent.is_at_end()


def test_hooks_are_called_and_a_failing_one_harms_nobody(system: System) -> None:
    (system.folder / "hooks.py").write_text(HOOKS)
    process, port = system.start_ws(WORKER_CLASS="hooks:Hooks", POLL_INTERVAL=0.05)
    (client,) = system.connect(port)

    assert client.receive() == (TEXT, b"welcome")
    client.send(TEXT, b"fail")
    assert client.receive() == (TEXT, b"failed: RuntimeError")
    client.send(TEXT, b"bye")
    assert client.close_code() == 4000
    client.socket.close()
    process.stop()

    assert "hook: started" in process.output
    assert "hook: closed mine" in process.output


HOOKS = """
from ws_server.worker import Worker


class Hooks(Worker):
    def on_worker_start(self):
        super().on_worker_start()
        print("hook: started", flush=True)

    def on_connect(self, connection):
        connection.context = "mine"
        connection.send("welcome")

    def on_message(self, connection, data):
        if data == "fail":
            raise RuntimeError
        connection.close(4000, "bye")

    def on_error(self, connection, error):
        connection.send(f"failed: {type(error).__name__}")

    def on_close(self, connection):
        print("hook: closed", connection.context, flush=True)
"""


def test_more_clients_than_allowed_are_told_to_come_back_later(system: System) -> None:
    _, port = system.start_ws(MAX_CONNECTIONS=2)
    system.connect(port, 2)

    with Client(port) as third:
        assert third.status == 503
        assert "retry-after: " in third.head.lower()


def test_clients_beyond_the_file_limit_are_told_to_come_back_later(system: System) -> None:
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300)); "
    process = system.start(
        "-c",
        limited + "runpy.run_module('ws_server', run_name='__main__')",
        WS_PORT=(port := free_port()),
    )
    wait_until(lambda: "taking 86 connections" in process.output, "the warning")
    assert "MAX_CONNECTIONS" in process.output
    system.connect(port, 86)

    with Client(port) as one_more:
        assert one_more.status == 503


def test_pipelined_garbage_after_a_refused_handshake_reaches_nobody(shared: Shared) -> None:

    with socket.create_connection(("127.0.0.1", shared.port), LIMIT) as plain:
        plain.sendall(
            request(shared.port, headers={"sec_websocket_version": "8"}) + b"garbage" * 10
        )
        answer = plain.makefile("rb").read()

    assert answer.count(b"HTTP/1.1") == 1
