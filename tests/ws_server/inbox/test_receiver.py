"""What clients send: answers, hooks in turn, and back-pressure."""

import gc
import weakref
from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

from tests.support.parts import Parts, Peer, Peers, let_others_run, wait_until
from tests.support.websocket import BINARY, CLOSE, PING, PONG, TEXT, frame
from ws_server.clients.connection import Connection
from ws_server.clients.endpoint import HOOK


class Hooks:
    """`on_message` and `on_error`, noting their calls; `open` lets `on_message` return."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.errors: list[Exception] = []
        self.open = Event()
        self.open.set()
        self.failure: BaseException | None = None

    def on_message(self, connection: Connection, data: str | bytes) -> None:
        self.messages.append(data)
        self.open.wait()
        if self.failure is not None:
            raise self.failure
        connection.send(data)

    def on_error(self, connection: Connection, error: Exception) -> None:
        self.errors.append(error)


@pytest.fixture
def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
def echo(parts: Parts, peers: Peers, hooks: Hooks) -> Callable[[], tuple[Connection, Peer]]:
    """Connects a client to a receiver with hooks."""
    receiver = parts.receiver(hooks.on_message, hooks.on_error)

    def connect() -> tuple[Connection, Peer]:
        fd, peer = peers.make()
        return parts.hub.join(fd, receiver.read), peer

    return connect


@pytest.fixture
def deaf(parts: Parts, peers: Peers, hooks: Hooks) -> tuple[Connection, Peer]:
    """A client of a server whose worker wants no messages."""
    receiver = parts.receiver(None, hooks.on_error)
    fd, peer = peers.make()
    return parts.hub.join(fd, receiver.read), peer


Connect = Callable[[], tuple[Connection, Peer]]


def test_messages_reach_the_hook_in_order_one_at_a_time(echo: Connect, hooks: Hooks) -> None:
    _, client = echo()
    hooks.open.clear()

    client.send(frame(TEXT, b"one") + frame(TEXT, b"two"))
    wait_until(lambda: hooks.messages != [], "the first")
    client.send(frame(TEXT, b"three"))
    let_others_run()
    assert hooks.messages == ["one"]

    hooks.open.set()
    assert client.texts(3) == [b"one", b"two", b"three"]


def test_a_hook_that_waits_holds_up_nobody_else(echo: Connect, hooks: Hooks) -> None:
    _, waiting = echo()
    _, other = echo()
    hooks.open.clear()
    waiting.send(frame(TEXT, b"wait"))
    wait_until(lambda: hooks.messages == ["wait"], "the hook")

    other.send(frame(PING, b"?"))

    assert other.frame() == (PONG, b"?")


def test_what_a_busy_client_sends_stays_in_the_kernel(echo: Connect, hooks: Hooks) -> None:
    _, client = echo()
    hooks.open.clear()
    client.send(frame(TEXT, b"wait"))
    wait_until(lambda: hooks.messages == ["wait"], "the hook")

    client.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.send(frame(BINARY, b"x" * 900) * 10_000)


def test_a_hook_that_fails_is_reported_and_the_next_message_is_heard(
    echo: Connect, hooks: Hooks
) -> None:
    _, client = echo()
    hooks.failure = RuntimeError("the hook's own")
    client.send(frame(TEXT, b"bad"))
    wait_until(lambda: hooks.errors == [hooks.failure], "the report")
    hooks.failure = None

    client.send(frame(TEXT, b"good"))

    assert client.texts(1) == [b"good"]


def test_a_hook_that_runs_out_of_time_does_not_make_its_client_deaf(
    echo: Connect, hooks: Hooks
) -> None:
    """gevent.Timeout, which every gevent program uses, is no Exception."""
    _, client = echo()
    hooks.failure = gevent.Timeout(1)
    client.send(frame(TEXT, b"slow"))
    wait_until(lambda: hooks.messages == ["slow"], "the hook")
    hooks.failure = None

    client.send(frame(TEXT, b"good"))

    assert client.texts(1) == [b"good"]


def test_without_a_hook_messages_cost_no_greenlet_and_get_no_answer(
    deaf: tuple[Connection, Peer],
) -> None:
    connection, client = deaf

    client.send(frame(TEXT, b"hello") + frame(PING, b"?"))

    assert client.frame() == (PONG, b"?")
    assert not connection.is_paused
    assert client.has_nothing()


def test_an_answer_to_our_ping_is_a_sign_of_life_and_makes_no_parser(
    deaf: tuple[Connection, Peer],
) -> None:
    connection, client = deaf
    connection.unanswered = 2

    client.send(frame(PONG, b""))
    wait_until(lambda: connection.unanswered == 0, "heard")

    assert connection.reader is None


def test_a_pong_behind_a_text_needs_no_parser(deaf: tuple[Connection, Peer]) -> None:
    connection, client = deaf

    client.send(frame(TEXT, b"a") + frame(PONG, b"") + frame(TEXT, b"b"))
    let_others_run()

    assert connection.reader is None


@pytest.mark.parametrize(("payload", "code"), [(b"", 1000), ((4321).to_bytes(2), 4321)])
def test_a_close_is_answered_with_its_code_and_the_end(
    parts: Parts, deaf: tuple[Connection, Peer], payload: bytes, code: int
) -> None:
    connection, client = deaf

    client.send(frame(CLOSE, payload))

    assert client.rest() == [(CLOSE, code.to_bytes(2))]
    client.socket.close()
    wait_until(lambda: parts.gone == [connection], "gone")


def test_a_broken_rule_is_answered_with_its_code(deaf: tuple[Connection, Peer]) -> None:
    _, client = deaf

    client.send(frame(TEXT, b"x" * 1001))

    assert client.close_code() == 1009


def test_after_a_close_nothing_more_is_heard(echo: Connect, hooks: Hooks) -> None:
    connection, client = echo()
    connection.close(4001)

    client.send(frame(TEXT, b"late"))
    let_others_run()

    assert hooks.messages == []
    assert client.close_code() == 4001


def test_after_a_close_by_the_hook_the_rest_of_the_batch_is_not_heard(
    parts: Parts, peers: Peers
) -> None:
    heard: list[str | bytes] = []

    def close_at_once(connection: Connection, data: str | bytes) -> None:
        heard.append(data)
        connection.close(4001)

    receiver = parts.receiver(close_at_once, lambda *_: None)
    fd, client = peers.make()
    parts.hub.join(fd, receiver.read)

    client.send(frame(TEXT, b"one") + frame(TEXT, b"two"))

    assert client.close_code() == 4001
    assert heard == ["one"]


def test_the_end_of_the_stream_drops_the_connection(
    parts: Parts, deaf: tuple[Connection, Peer]
) -> None:
    connection, client = deaf

    client.socket.close()

    wait_until(lambda: parts.gone == [connection], "gone")


def test_the_parser_of_a_client_is_gone_with_it(
    parts: Parts, deaf: tuple[Connection, Peer]
) -> None:
    connection, client = deaf
    client.send(frame(TEXT, b"hello"))
    let_others_run()
    assert not hasattr(connection.reader, "receive")  # A text that comes whole needs none.
    client.send(frame(TEXT, b"hel", fin=False))
    wait_until(lambda: connection.reader is not None, "a parser")
    parser = weakref.ref(connection.reader._protocol._proto)

    gc.disable()
    try:
        client.socket.close()
        wait_until(lambda: parts.gone == [connection], "gone")
        assert parser() is None
    finally:
        gc.enable()


def test_a_client_that_leaves_while_its_hook_is_at_work_is_dropped_after_it(
    parts: Parts, echo: Connect, hooks: Hooks
) -> None:
    connection, client = echo()
    hooks.open.clear()
    client.send(frame(TEXT, b"wait"))
    wait_until(lambda: hooks.messages == ["wait"], "the hook")
    client.socket.close()

    hooks.open.set()

    wait_until(lambda: parts.gone == [connection], "gone")


def test_a_flood_of_tiny_frames_is_taken_in_small_portions(
    parts: Parts, peers: Peers, hooks: Hooks
) -> None:
    """Parsing 64 KiB of empty pings takes 0.2 s, in which nobody else is served."""
    receiver = parts.receiver(None, hooks.on_error)
    fd, client = peers.make()
    connection = parts.hub.join(fd, receiver.read)
    connection.pause_reading(HOOK)
    flood = frame(PING, b"") * 10_000
    client.send(flood)

    receiver.read(connection)

    left = connection.read(len(flood))
    assert left is not None
    assert len(flood) - len(left) <= 16 * 1024
