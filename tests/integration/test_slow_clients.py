"""Clients that do not keep up: they delay nobody, lose nothing, and are told of a gap."""

import pytest

from tests.support.processes import wait_until
from tests.support.system import KEY, PREFIX, System
from tests.support.websocket import Client, Closed

SIZE = 20_000  # Bytes of a message: some hundred fill the buffers of a loopback connection.


def connect_slow(port: int) -> Client:
    """A client with a small receive buffer, which reads nothing until it is told to."""
    return Client(port, receive_buffer=4096)


def texts_until_closed(client: Client) -> tuple[list[str], int]:
    received: list[str] = []
    try:
        while True:
            received += client.texts(1)
    except Closed as end:
        return received, end.code


def contents(count: int, size: int = SIZE) -> list[str]:
    return [f"{number} ".ljust(size, "x") for number in range(count)]


@pytest.mark.parametrize("window", [64 * 1024 * 1024, 100_000])
@pytest.mark.parametrize("delivery", ["timer", "instant"])
def test_a_stuck_client_delays_nobody_and_misses_nothing(
    system: System, window: int, delivery: str
) -> None:
    _, port = system.start_ws(WINDOW_BYTES=window, POLL_INTERVAL=0.05, DELIVERY=delivery)
    slow = connect_slow(port)
    (healthy,) = system.connect(port)
    sent = contents(600)  # 12 MB.

    for start in range(0, 600, 20):
        system.redis.lpush(KEY, *sent[start : start + 20])
        assert healthy.texts(20) == [PREFIX + text for text in sent[start : start + 20]]

    assert slow.texts(600, 60) == [PREFIX + text for text in sent]
    system.redis.lpush(KEY, "live again")
    assert slow.texts(1) == healthy.texts(1) == [PREFIX + "live again"]
    slow.socket.close()


def test_a_client_behind_what_the_log_keeps_is_told_of_the_gap(system: System) -> None:
    _, port = system.start_ws(WINDOW_BYTES=100_000, HISTORY_SIZE=5000, POLL_INTERVAL=0.05)
    slow = connect_slow(port)
    (healthy,) = system.connect(port)
    sent = contents(12_000, size=1200)
    for start in range(0, 12_000, 400):
        system.redis.lpush(KEY, *sent[start : start + 400])
        healthy.texts(400)

    received, code = texts_until_closed(slow)

    assert code == 4008
    assert 0 < len(received) < 12_000
    assert received == [PREFIX + text for text in sent[: len(received)]]  # None skipped before.
    slow.socket.close()


def test_a_client_that_stays_stuck_is_dropped(system: System) -> None:
    (system.folder / "hooks.py").write_text(HOOKS)
    process, port = system.start_ws(
        SLOW_CLIENT_SECONDS=1, POLL_INTERVAL=0.05, WORKER_CLASS="hooks:Hooks"
    )
    slow = connect_slow(port)
    (healthy,) = system.connect(port)

    sent = contents(600)
    for start in range(0, 600, 20):
        system.redis.lpush(KEY, *sent[start : start + 20])
        healthy.texts(20)

    wait_until(lambda: "hook: dropped" in process.output, "dropped")
    slow.socket.close()


HOOKS = """
from ws_server.worker import Worker


class Hooks(Worker):
    def on_close(self, connection):
        print("hook: dropped", flush=True)
"""
