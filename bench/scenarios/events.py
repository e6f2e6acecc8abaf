"""Server-Sent Events next to WebSockets: the same messages, the same hub, other bytes."""

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_row

RATE = 20.0
SIZE = 128
COLUMNS = ("CPU µs/delivery, one a send", "CPU µs/delivery, queue", "p50 ms", "p99 ms")
STREAM: dict[str, object] = {"path": "/events", "events": 1}


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table; both take turns, so that they have the same neighbours."""
    kinds: dict[str, dict[str, object]] = {"ours, WebSocket": {}, "ours, events": STREAM}
    rounds = [
        [_measure(lab, plan, name, options) for name, options in kinds.items()]
        for _ in range(plan.of(3, 1, 1))
    ]
    rows = [median_row(list(runs)) for runs in zip(*rounds, strict=True)]
    conditions = (
        f"1,000 connections, instant, {SIZE} bytes: {RATE:g} messages a second, then a queue. "
        f"Medians of {len(rounds)} rounds."
    )
    sockets, events = ([float(cell or 0) for cell in row.cells] for row in rows)
    claims = [
        Claim("Events: CPU × WebSocket, one a send", events[0] / sockets[0], 1.2),
        Claim("Events: CPU × WebSocket, queue", events[1] / sockets[1], 1.2),
    ]
    return [Table("Server-Sent Events", conditions, COLUMNS, rows, claims)]


def _measure(lab: Lab, plan: Plan, name: str, options: dict[str, object]) -> Row:
    connections = plan.of(1000, 1000, 50)
    paced, queued = plan.of(200, 60, 5), plan.of(20_000, 5000, 200)
    with ours.serving(lab, name, DELIVERY="instant") as server:
        clients = connect(lab, server, connections, paced, **options)
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            publisher.paced(paced, RATE)
        single = clients.outcome()
        single_cpu = (server.cpu_seconds() - before) / single.deliveries * 1e6
        clients = connect(lab, server, connections, queued, **options)
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            publisher.pipelined(queued)
        many = clients.outcome()
        many_cpu = (server.cpu_seconds() - before) / many.deliveries * 1e6
    return Row(name, (single_cpu, many_cpu, single.p50_ms, single.p99_ms))
