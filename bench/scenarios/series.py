"""How the cost of ours grows: with connections, with messages, with slow clients."""

from time import monotonic
from typing import NamedTuple

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Row, Table

SIZE = 128
SLOW_SIZE = 1000
SECONDS = 10  # Of each point.
COLUMNS = ("CPU µs/delivery", "CPU %", "p50 ms", "p99 ms", "MB")


class Load(NamedTuple):
    """One point; `slow` of the connections read 1,000 bytes a second."""

    connections: int
    rate: int
    slow: int = 0
    workers: int = 1


def by_connections(lab: Lab, plan: Plan) -> list[Table]:
    """10 messages a second to more and more connections."""
    counts = [100, 300, 1000, 3000, 10_000][: plan.of(5, 3, 1)]
    rows = [_point(lab, plan, Load(count, 10)).named(f"{count}") for count in counts]
    conditions = f"10 messages/s of {SIZE} bytes, instant, one core."
    return [Table("By connections", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def by_rate(lab: Lab, plan: Plan) -> list[Table]:
    """More and more messages a second to 1,000 connections."""
    rates = [1, 10, 100, 1000, 5000][: plan.of(5, 3, 1)]
    rows = [_point(lab, plan, Load(1000, rate)).named(f"{rate}") for rate in rates]
    conditions = f"1,000 connections, {SIZE} bytes, instant, one core."
    return [Table("By messages a second", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def by_workers(lab: Lab, plan: Plan) -> list[Table]:
    """More and more worker processes, all on one core: what one more costs."""
    counts = [1, 2, 4, 8][: plan.of(4, 2, 1)]
    loads = [Load(1000, 40, workers=count) for count in counts]
    rows = [_point(lab, plan, load).named(f"{load.workers}") for load in loads]
    conditions = (
        f"1,000 connections, 40 messages/s of {SIZE} bytes, instant; WS_WORKERS processes that "
        "share one core, so that the difference is what each takes for reading the log."
    )
    return [Table("By workers", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def by_slow_clients(lab: Lab, plan: Plan) -> list[Table]:
    """20 messages a second to 1,000 healthy connections and more and more slow ones."""
    counts = [0, 10, 100, 300, 1000][: plan.of(5, 3, 1)]
    loads = [Load(1000 + slow, 20, slow) for slow in counts]
    rows = [_point(lab, plan, load, SLOW_SIZE).named(f"{load.slow}") for load in loads]
    conditions = (
        f"1,000 healthy connections, 20 messages/s of {SLOW_SIZE:,} bytes, instant; "
        "the slow ones read 1,000 bytes/s, and everything afterwards."
    )
    return [Table("By slow clients", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def _point(lab: Lab, plan: Plan, load: Load, size: int = SIZE) -> Row:
    seconds = plan.of(SECONDS, 3, 1)
    messages = load.rate * seconds
    with ours.serving(
        lab, DELIVERY="instant", SLOW_CLIENT_SECONDS=3600, WS_WORKERS=load.workers
    ) as server:
        trickle = f"{load.slow}:1000"
        clients = connect(lab, server, load.connections, messages, timeout=120, trickle=trickle)
        before, start = server.cpu_seconds(), monotonic()
        with server.publisher(size) as publisher:
            publisher.paced(messages, load.rate)
        used, took = server.cpu_seconds() - before, monotonic() - start
        memory = server.memory_bytes()
        outcome = clients.outcome()
    per_delivery = used / (load.connections * messages) * 1e6
    busy = used / took * 100  # A publisher may take longer than it should.
    return Row("", (per_delivery, busy, outcome.p50_ms, outcome.p99_ms, memory / 2**20))
