"""How the cost of ours grows: with connections, with messages, with slow clients."""

from bench import meter, ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Row, Table

SIZE = 128
SLOW_SIZE = 1000
SECONDS = 10  # Of each point.
COLUMNS = ("CPU µs/delivery", "CPU %", "p50 ms", "p99 ms", "MB")


def by_connections(lab: Lab, plan: Plan) -> list[Table]:
    """10 messages a second to more and more connections."""
    counts = [100, 300, 1000, 3000, 10_000][: plan.of(5, 3, 1)]
    rows = [_point(lab, plan, count, 10, {}).named(f"{count}") for count in counts]
    conditions = f"10 messages/s of {SIZE} bytes, instant, one core."
    return [Table("By connections", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def by_rate(lab: Lab, plan: Plan) -> list[Table]:
    """More and more messages a second to 1,000 connections."""
    rates = [1, 10, 100, 1000, 5000][: plan.of(5, 3, 1)]
    rows = [_point(lab, plan, 1000, rate, {}).named(f"{rate}") for rate in rates]
    conditions = f"1,000 connections, {SIZE} bytes, instant, one core."
    return [Table("By messages a second", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def by_slow_clients(lab: Lab, plan: Plan) -> list[Table]:
    """20 messages a second to 1,000 healthy connections and more and more slow ones."""
    counts = [0, 10, 100, 300, 1000][: plan.of(5, 3, 1)]
    rows = []
    for slow in counts:
        options: dict[str, object] = {"trickle": f"{slow}:1000"}
        rows.append(_point(lab, plan, 1000 + slow, 20, options).named(f"{slow}"))
    conditions = (
        f"1,000 healthy connections, 20 messages/s of {SLOW_SIZE:,} bytes, instant; "
        "the slow ones read 1,000 bytes/s, and everything afterwards."
    )
    return [Table("By slow clients", conditions, COLUMNS, rows, charts=COLUMNS[:4])]


def _point(lab: Lab, plan: Plan, connections: int, rate: int, options: dict[str, object]) -> Row:
    size = SLOW_SIZE if options else SIZE
    seconds = plan.of(SECONDS, 3, 1)
    messages = rate * seconds
    with ours.serving(lab, DELIVERY="instant", SLOW_CLIENT_SECONDS=3600) as server:
        clients = connect(lab, server, connections, messages, timeout=120, **options)
        before = server.cpu_seconds()
        with server.publisher(size) as publisher:
            publisher.paced(messages, rate)
        used = server.cpu_seconds() - before
        memory = meter.memory_bytes(server.pid)
        outcome = clients.outcome()
    per_delivery = used / (connections * messages) * 1e6
    busy = used / seconds * 100
    return Row("", (per_delivery, busy, outcome.p50_ms, outcome.p99_ms, memory / 2**20))
