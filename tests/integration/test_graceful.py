"""Stops and reloads under load: nobody is refused, nothing is lost, not all come back at once."""

import http.client
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import monotonic
from typing import Any

from common.serving.master import TWICE
from tests.support.processes import free_port, wait_until
from tests.support.system import KEY, System
from tests.support.websocket import Client, Closed

PUBLISHERS = 4


class Publishers:
    """Push to whichever of two ports takes the connection; anything but a 200 is a failure."""

    def __init__(self, ports: list[int]) -> None:
        self.accepted: list[str] = []
        self.failures: list[str] = []
        self._ports = ports
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[n]) for n in range(PUBLISHERS)]

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def _run(self, number: int) -> None:
        for at in count():
            if self._stop.is_set():
                return
            self._push(f"{number}-{at}", self._ports[at % 2 :] + self._ports[: at % 2])

    def _push(self, content: str, ports: list[int]) -> None:
        for port in ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.connect()
            except ConnectionRefusedError:
                continue  # As a load balancer does: to the other one.
            try:
                connection.request("GET", f"/push?content={content}")
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failures.append(f"{content}: {answer.status}")
                else:
                    self.accepted.append(content)
            except OSError as problem:
                self.failures.append(f"{content}: {problem!r}")
            finally:
                connection.close()
            return
        self.failures.append(f"{content}: nobody listens")


def test_no_push_is_refused_while_two_http_processes_stop_and_reload_in_turn(
    system: System,
) -> None:
    first = system.start_http()
    second_port = free_port()
    second = system.start_http(second_port)
    publishers = Publishers([system.http_port, second_port])
    with publishers.running():
        for _ in range(2):
            workers = second.children()
            second.popen.send_signal(signal.SIGHUP)
            wait_until(lambda: set(second.children()).isdisjoint(workers), "reloaded")  # noqa: B023
            first.stop()
            first = system.start_http()

    assert publishers.failures == []
    assert len(publishers.accepted) == system.redis.llen(KEY) > 50


def test_clients_that_resume_elsewhere_lose_nothing_at_a_stop_under_load(system: System) -> None:
    first, first_port = system.start_ws(POLL_INTERVAL=0.05)
    _, second_port = system.start_ws(POLL_INTERVAL=0.05)
    contents = [f"message {number}" for number in range(1000)]
    clients = [Client(first_port, "/?format=json") for _ in range(20)]
    pushed = threading.Event()

    def push() -> None:
        for content in contents:
            system.redis.lpush(KEY, content)
        pushed.set()

    pusher = threading.Thread(target=push)
    pusher.start()
    read = [[json.loads(text) for text in client.texts(2)] for client in clients]
    stopping = threading.Thread(target=first.stop)
    stopping.start()
    codes = [read_upto_the_close(client, rows) for client, rows in zip(clients, read, strict=True)]
    stopping.join()
    pusher.join()

    assert set(codes) == {1001}
    for rows in read:
        with Client(second_port, f"/?format=json&last_id={rows[-1]['id']}") as again:
            welcome = json.loads(again.texts(1)[0])
            assert welcome["complete"]
            found = [row["content"] for row in rows[1:]]
            rest = again.texts(len(contents) - len(found))
            assert found + [json.loads(text)["content"] for text in rest] == contents


def read_upto_the_close(client: Client, rows: list[dict[str, Any]]) -> int:
    """Read on into `rows`; the close code."""
    with client:
        try:
            while True:
                rows.append(json.loads(client.texts(1)[0]))
        except Closed as closed:
            return closed.code


def test_clients_are_closed_in_batches(system: System) -> None:
    process, port = system.start_ws()
    clients = system.connect(port, 600)
    stopping = threading.Thread(target=process.stop)
    stopping.start()

    closed_at = []
    for client in clients:
        assert client.close_code() == 1001
        closed_at.append(monotonic())
        client.socket.close()
    stopping.join()

    assert closed_at[-1] - closed_at[0] > 0.15  # 2,000 a second: 0.25 s between first and last.


def test_clients_are_closed_over_the_time_for_it_after_readyz_has_said_so(system: System) -> None:
    process, port = system.start_ws(DRAIN_SECONDS=3, WS_WORKERS=2)
    bare = system.connect(port, 20)
    resuming = [Client(port, "/?format=json") for _ in range(20)]
    began = monotonic()
    stopping = threading.Thread(target=process.stop)
    stopping.start()

    wait_until(lambda: status(port, "/readyz") == 503, "not ready any more")
    (late,) = system.connect(port)  # Nobody is closed yet, and who comes is taken in.
    closed_at = []
    for client in [*bare, late, *resuming]:
        with client:
            assert client.close_code() == 1001
        closed_at.append(monotonic() - began)
    stopping.join()

    assert closed_at[0] > 0.5  # The sixth of the 3 seconds.
    assert closed_at[-1] - closed_at[0] > 1.5
    assert max(closed_at[:20]) < closed_at[-10]


def test_a_second_signal_closes_all_who_are_left_at_once(system: System) -> None:
    process, port = system.start_ws(DRAIN_SECONDS=600)
    clients = system.connect(port, 5)
    process.popen.terminate()
    wait_until(lambda: status(port, "/readyz") == 503, "not ready any more")
    again = threading.Timer(TWICE + 0.2, process.popen.terminate)
    again.start()

    assert {client.close_code() for client in clients} == {1001}
    for client in clients:
        client.socket.close()
    assert process.popen.wait(60) == 0
    again.join()


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()
