"""Slow-loris: connections that never finish their request, and what they cost everybody else."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles
from time import monotonic, perf_counter, sleep

from bench import ours
from bench.errors import BenchFailed
from bench.lab import Lab
from bench.load import pushed, start_pushes
from bench.ours import Ours
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_row

EACH = 50  # Held open in the middle of a handshake, and as many that dribble.
SIZE = 128
INTERVAL = 0.003  # Seconds between two requests.
TIMEOUT = 30.0
COLUMNS = ("push p50 ms", "push p99 ms", "handshake p50 ms", "handshake p99 ms")
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def run(lab: Lab, plan: Plan) -> list[Table]:
    """Both rows in turns, so that they have the same neighbours."""
    requests, rounds = plan.of(1000, 500, 20), plan.of(9, 3, 1)
    without, beside = [], []
    with ours.serving(lab, http=True, DELIVERY="instant") as server:
        _row(lab, server, "warm-up", requests)
        for _ in range(rounds):
            without.append(_row(lab, server, "ours, nobody hangs", requests))
            with _hanging(lab, server):
                beside.append(_row(lab, server, "ours, 100 hang at each port", requests))
    rows = [median_row(without), median_row(beside)]
    conditions = (
        f"{EACH} connections are held open in the middle of a handshake and {EACH} send one byte a "
        f"second, at each of the two ports. Of the others, {requests:,} pushes, then as many "
        f"WebSocket handshakes, {INTERVAL * 1000:g} ms apart. Medians of {rounds} rounds."
    )
    return [Table("Slow-loris", conditions, COLUMNS, rows, _claims(*rows))]


def _claims(without: Row, beside: Row) -> list[Claim]:
    pairs = zip(COLUMNS, without.cells, beside.cells, strict=True)
    return [
        Claim(f"Slow-loris: {name} (1.5 × without)", float(slow or 0), float(normal or 0) * 1.5)
        for name, normal, slow in pairs
    ]


@contextmanager
def _hanging(lab: Lab, server: Ours) -> Iterator[None]:
    ports = (str(server.port), str(server.target.port))
    with lab.ending():
        program = lab.load(sys.executable, "-m", "bench.hanging", str(EACH), *ports)
        if program.line(TIMEOUT) != "ready":
            raise BenchFailed("those that hang do not start")
        yield


def _row(lab: Lab, server: Ours, name: str, requests: int) -> Row:
    push = pushed(lab, start_pushes(lab, server.target, requests, SIZE, 1, INTERVAL))
    percentiles = quantiles(_handshakes(server.port, requests), n=100)
    return Row(name, (push.p50_ms, push.p99_ms, percentiles[49], percentiles[98]))


def _handshakes(port: int, count: int) -> list[float]:
    """How many milliseconds each takes."""
    took: list[float] = []
    due = monotonic()
    for _ in range(count):
        took.append(_handshake(port) * 1000)
        due += INTERVAL
        sleep(max(0.0, due - monotonic()))
    return took


def _handshake(port: int) -> float:
    """Seconds from connecting to the answer.

    Raises:
        BenchFailed: it is refused.
    """
    start = perf_counter()
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        client.sendall(HANDSHAKE)
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(4096)):
            head += more
        took = perf_counter() - start
    if not head.startswith(b"HTTP/1.1 101 "):
        raise BenchFailed(f"a handshake was answered {head[:60]!r}")
    return took
