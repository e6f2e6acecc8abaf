"""Places of the web server: who may hold one, for how long, and what becomes of the others."""

from contextlib import ExitStack
from time import monotonic

from config.server import REQUESTS
from tests.system import KEY, PREFIX, System, wait_until
from tests.websocket import Client

CROWD = REQUESTS + 100  # More than there are places.


def test_whoever_waits_for_redis_holds_no_place(system: System) -> None:
    """This ended the process: who had been handed over was looked for where it had been."""
    process, port = system.start_ws(REDIS_TIMEOUT=25)
    workers = process.children()
    (old,) = system.connect(port)
    with ExitStack() as stack:
        with system.stalled_redis():
            crowd = [stack.enter_context(Client(port, "/?last=10")) for _ in range(CROWD)]
            assert {client.status for client in crowd} == {101}
            (new,) = system.connect(port)

        assert system.redis.lpush(KEY, "hello")
        for client in (old, new, *crowd):
            assert client.texts(1) == [PREFIX + "hello"]
    assert process.children() == workers


def test_whoever_waits_for_redis_too_long_is_to_come_back(system: System) -> None:
    _, port = system.start_ws(REDIS_TIMEOUT=2, PING_INTERVAL=60)
    with ExitStack() as stack, system.stalled_redis():
        begin = monotonic()
        crowd = [stack.enter_context(Client(port, "/?last=10")) for _ in range(CROWD)]
        assert {client.close_code() for client in crowd} == {1013}
        assert monotonic() - begin < 10  # One after the other would take minutes.


def test_whoever_waits_for_redis_is_told_of_a_stop_at_once(system: System) -> None:
    process, port = system.start_ws(REDIS_TIMEOUT=25)
    with ExitStack() as stack, system.stalled_redis():
        crowd = [stack.enter_context(Client(port, "/?last=10")) for _ in range(100)]
        begin = monotonic()
        process.popen.terminate()
        assert {client.close_code() for client in crowd} == {1001}
        assert monotonic() - begin < 3
    wait_until(lambda: process.popen.poll() is not None, "stopped")
