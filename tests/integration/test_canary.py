"""`/readyz` of real processes, whatever keeps messages from clients, and one that stays deaf."""

import http.client
import json
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.support.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.processes import free_port, wait_until
from tests.support.system import PREFIX, System
from tests.support.websocket import TEXT

BOUND = 5.0  # Seconds, as the documents say.
PROBE = 1.0  # Seconds in which a probe must be answered.
SPARE = 1.5  # For a noisy machine.
STUCK = 6  # Seconds.
CANARIES = "{message_center}:canary-log"
STICKY = """
import ctypes
from ws_server.worker import Worker

C = ctypes.PyDLL(None)  # It keeps the interpreter's lock.


class Sticky(Worker):
    def on_message(self, connection, data):
        C.sleep(int(data))
"""
FORGETFUL = """
from ws_server import canary
from ws_server.worker import Worker

canary.EVERY, canary.DEAF_SECONDS = 0.1, 1.0


class Forgetful(Worker):
    def on_message(self, connection, data):
        self.relay.stop()
"""


def probe(port: int) -> tuple[int, str]:
    """Status and reason of `/readyz`; 0: no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status, str(json.load(answer).get("msg", ""))
    except OSError:
        return 0, ""
    finally:
        connection.close()


def seconds_until_not_ready(port: int, began: float) -> float:
    """Until one of its workers says so. A probe that a stuck one was to answer says less."""
    wait_until(lambda: probe(port)[0] == 503, "not ready")
    return monotonic() - began


def wait_until_ready(port: int) -> None:
    """Also where several workers answer."""
    wait_until(lambda: all(probe(port)[0] == 200 for _ in range(10)), "ready", 15.0)


class Servers:
    """At one Redis: one with two workers, one beyond a network, and one that can become deaf."""

    def __init__(self, system: System, beyond: System, network: CuttingProxy) -> None:
        self.system = system
        self.network = network
        (system.folder / "sticky.py").write_text(STICKY, "utf-8")
        (system.folder / "forgetful.py").write_text(FORGETFUL, "utf-8")
        self.near, self.far, self.deaf = free_port(), free_port(), free_port()
        two = {"WORKER_CLASS": "sticky:Sticky", "WS_WORKERS": 2}
        deaf = {"WORKER_CLASS": "forgetful:Forgetful", "POLL_INTERVAL": 0.1}
        processes = {
            self.near: system.start("-m", "ws_server", WS_PORT=self.near, **two),
            self.far: beyond.start("-m", "ws_server", WS_PORT=self.far, DELIVERY="instant"),
            self.deaf: system.start("-m", "ws_server", WS_PORT=self.deaf, **deaf),
        }
        for port, process in processes.items():
            system.wait_until_ready(process, port)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("canary")
    with System(folder) as system, cutting_proxy(system.redis_port, 0, 1) as network:
        with System(folder, f"redis://127.0.0.1:{network.port}/0") as beyond:
            yield Servers(system, beyond, network)
        network.flowing.set()


def test_a_process_that_stays_deaf_gives_its_place_to_another(servers: Servers) -> None:
    system, port = servers.system, servers.deaf
    (client,) = system.connect(port)
    # Its ninth is sent when others have come back; those of the other servers are slower.
    wait_until(lambda: b"-9." in str(system.redis.xrange(CANARIES)).encode(), "canaries")

    client.send(TEXT, b"forget to relay")

    assert client.close_code() == 1001
    client.socket.close()
    wait_until_ready(port)
    (again,) = system.connect(port)
    system.redis.lpush("message_center", "hello")
    assert again.texts(1) == [f"{PREFIX}hello"]


def test_a_worker_that_stands_still_and_a_network_that_loses_all_are_told(servers: Servers) -> None:
    (client,) = servers.system.connect(servers.near)
    client.send(TEXT, b"%d" % STUCK)
    servers.network.flowing.clear()
    began = monotonic()

    stuck = seconds_until_not_ready(servers.near, began)
    cut_off = seconds_until_not_ready(servers.far, began)

    assert stuck < BOUND + PROBE + SPARE
    assert cut_off < BOUND + PROBE + SPARE
    servers.network.flowing.set()
    wait_until_ready(servers.far)
    wait_until_ready(servers.near)


def test_a_redis_that_stands_still_is_told(servers: Servers) -> None:
    with servers.system.stalled_redis():
        began = monotonic()
        near = seconds_until_not_ready(servers.near, began)
        far = seconds_until_not_ready(servers.far, began)

    assert near < BOUND + PROBE + SPARE
    assert far < BOUND + PROBE + SPARE
    wait_until_ready(servers.near)
    wait_until_ready(servers.far)
