"""Clients that hardly read: what they cost the healthy ones, and that they lose nothing."""

from collections.abc import Mapping
from time import sleep
from typing import Any

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_row

SIZE = 3000
RATE = 400.0  # Messages a second.
STUCK = 1
SLOW = 20
SLOW_BYTES = 1000  # A second.
SLOW_ONES = {"stuck": STUCK, "trickle": f"{SLOW}:{SLOW_BYTES}"}
COLUMNS = ("p50 ms", "p99 ms", "longest ms", "MB at the start", "MB at the end")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """The same flow without and with the slow ones; the clients check what these get at last."""
    healthy, seconds = plan.of(1000, 1000, 40), plan.of(30, 10, 1)
    messages = int(RATE * seconds)
    without, beside = [], []
    for _ in range(plan.of(3, 1, 1)):  # In turns, so that both have the same neighbours.
        without.append(_run(lab, "ours, healthy ones only", healthy, messages, {}))
        beside.append(_run(lab, "ours, slow ones beside", healthy, messages, SLOW_ONES))
    conditions = (
        f"{healthy:,} healthy readers, {SIZE:,} bytes × {RATE:g}/s for {seconds} s, instant. "
        f"{STUCK} never reads, {SLOW} read {SLOW_BYTES:,} bytes/s; afterwards they read on and get "
        "everything in order. Latency is that of the healthy, memory (Pss) the worker's. "
        f"Medians of {len(without)} rounds."
    )
    rows = [median_row(without), median_row(beside)]
    return [Table("Slow readers", conditions, COLUMNS, rows, _claims(*rows))]


def _claims(without: Row, beside: Row) -> list[Claim]:
    p99, start, end = (float(without.cells[at] or 0) for at in (1, 3, 4))
    p99_beside, start_beside, end_beside = (float(beside.cells[at] or 0) for at in (1, 3, 4))
    grown = (end_beside - start_beside) - (end - start)
    return [
        Claim("Slow readers: p99 ms of the healthy (1.2 × without)", p99_beside, p99 * 1.2),
        Claim("Slow readers: MB grown, beside that of the run without them", grown, 4),
    ]


def _run(lab: Lab, name: str, healthy: int, messages: int, slow: Mapping[str, Any]) -> Row:
    kept: dict[str, Any] = {"HISTORY_SIZE": messages * 2, "HISTORY_BYTES": 0}
    kept["SLOW_CLIENT_SECONDS"] = 3600
    with ours.serving(lab, name, DELIVERY="instant", **kept) as server:
        connections = healthy + (STUCK + SLOW if slow else 0)
        clients = connect(lab, server, connections, messages, timeout=180, **slow)
        sleep(1)
        start = server.memory_bytes()
        with server.publisher(SIZE) as publisher:
            publisher.paced(messages, RATE)
        end = server.memory_bytes()
        seen = clients.outcome()
    figures = (seen.p50_ms, seen.p99_ms, seen.longest_ms, start / 2**20, end / 2**20)
    return Row(name, figures)
