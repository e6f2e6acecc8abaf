"""Signals to a process and what holds its slots: who is told, how soon, and what goes on."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest

from common.serving.open_files import SLOTS
from tests.support.crowds import CROWDS, asking, crowd_of
from tests.support.processes import Process, free_port, wait_until
from tests.support.system import System
from tests.support.websocket import Client

SLOW_HOOK = """
import gevent
from ws_server.worker import Worker

class Slow(Worker):
    def on_connect(self, connection):
        gevent.sleep(60)
"""
AS_FEW = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
runpy.run_module(sys.argv[1], run_name="__main__")
"""
IGNORING = """
import signal, runpy, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
runpy.run_module(sys.argv[1], run_name="__main__")
"""


def test_clients_are_told_of_a_stop_at_once_whatever_holds_the_slots(
    system: System, tmp_path: Path
) -> None:
    (tmp_path / "slow_hook.py").write_text(SLOW_HOOK)
    process, port = system.start_ws(
        WORKER_CLASS="slow_hook:Slow",
        HEADER_TIMEOUT=60,
        REQUEST_TIMEOUT=60,
        REDIS_TIMEOUT=25,
        STOP_TIMEOUT=10,
    )
    with ExitStack() as stack:
        path = asking(system, port)
        clients = [stack.enter_context(Client(port)) for _ in range(20)]
        stack.enter_context(system.stalled_redis())
        clients += [stack.enter_context(Client(port, path)) for _ in range(20)]
        stack.enter_context(crowd_of(port, *CROWDS))
        process.popen.terminate()
        begin = monotonic()
        assert {client.close_code() for client in clients} == {1001}
        took = monotonic() - begin

    assert took < 10  # A second where the machine has time; it took 15.
    wait_until(lambda: process.popen.poll() is not None, "stopped", 30)


def test_many_hang_ups_start_as_many_workers_as_one(system: System) -> None:
    process, port = system.start_ws()
    (client,) = system.connect(port)
    first, seen = set(process.children()), set(process.children())

    def is_reloaded() -> bool:
        seen.update(process.children())
        return len(process.children()) == 1 and first.isdisjoint(process.children())

    for _ in range(30):
        process.popen.send_signal(signal.SIGHUP)
        seen.update(process.children())

    assert client.close_code() == 1012
    client.socket.close()
    wait_until(is_reloaded, "reloaded")
    assert len(seen) <= 3  # One more if the first reload had begun before the last signal.


def test_a_stop_does_not_wait_for_a_reload(system: System) -> None:
    process, port = system.start_ws(STOP_TIMEOUT=90)
    (stays,) = system.connect(port)  # It does not answer the close, so the reload takes long.
    process.popen.send_signal(signal.SIGHUP)
    assert stays.close_code() == 1012
    (new,) = system.connect(port)

    process.popen.terminate()

    assert new.close_code() == 1001


@pytest.mark.parametrize("package", ["http_api", "ws_server"])
def test_an_interrupt_that_was_ignored_before_stays_ignored(system: System, package: str) -> None:
    process, port = start(system, IGNORING, package)
    workers = process.children()

    process.popen.send_signal(signal.SIGINT)
    os.kill(workers[0], signal.SIGINT)
    process.popen.send_signal(signal.SIGUSR1)  # Whoever has done this has done that.

    is_answered(system, process, port)
    assert process.children() == workers


@pytest.mark.parametrize("package", ["http_api", "ws_server"])
def test_with_few_files_others_get_in_beside_a_crowd(system: System, package: str) -> None:
    process, port = start(system, AS_FEW, package)
    with crowd_of(port, "say nothing"):  # More than there are files.
        assert SLOTS > 256
        is_answered(system, process, port)

    assert "Traceback" not in process.output
    assert process.output.count("Too many open files") < 5


def start(system: System, script: str, package: str) -> tuple[Process, int]:
    """A process of this package, started by `script`, and its port."""
    port = free_port()
    process = system.start("-c", script, package, HTTP_PORT=port, WS_PORT=port)
    system.wait_until_ready(process, port)
    return process, port


def is_answered(system: System, process: Process, port: int) -> None:
    begin = monotonic()
    system.wait_until_ready(process, port)
    assert monotonic() - begin < 12


def test_a_terminal_that_is_closed_cuts_no_client_off(system: System) -> None:
    """A shell sends SIGHUP to all processes of a job: to the workers as well as to the master."""
    process, port = system.start_ws()
    (client,) = system.connect(port)

    os.killpg(process.pid, signal.SIGHUP)

    assert client.close_code() == 1012
