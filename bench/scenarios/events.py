"""Server-Sent Events next to WebSockets: the same messages, the same hub, other bytes.

Bursts are what the load client can read as they come. Of a queue as fast as it goes the client is
the limit, and then the server's cost is also that of sockets which are full.
"""

from collections.abc import Callable

from bench import ours
from bench.lab import Lab
from bench.load import Outcome, connect
from bench.plan import Plan
from bench.publisher import Publisher
from bench.table import Claim, Row, Table, median_ratio, median_row

RATE = 20.0
SIZE = 128
BURST, BURST_RATE = 500, 10.0
COLUMNS = (
    "CPU µs/delivery, one a send",
    "CPU µs/delivery, bursts",
    "CPU µs/delivery, queue",
    "p50 ms",
    "p99 ms",
)
STREAM: dict[str, object] = {"path": "/events", "events": 1}


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table; both take turns, so that they have the same neighbours."""
    kinds: dict[str, dict[str, object]] = {"ours, WebSocket": {}, "ours, events": STREAM}
    rounds = [
        [_measure(lab, plan, name, options) for name, options in kinds.items()]
        for _ in range(plan.of(5, 1, 1))
    ]
    rows = [median_row(list(runs)) for runs in zip(*rounds, strict=True)]
    conditions = (
        f"1,000 connections, instant, {SIZE} bytes: {RATE:g} messages a second; then "
        f"{BURST_RATE:g} bursts of {BURST} a second; then a queue as fast as it goes. Medians of "
        f"{len(rounds)} rounds. p50 and p99: one a send."
    )
    claims = [
        Claim(f"Events: CPU × WebSocket, {kind}", median_ratio(rounds, 1, 0, at), 1.2)
        for at, kind in enumerate(("one a send", "bursts", "queue"))
    ]
    return [Table("Server-Sent Events", conditions, COLUMNS, rows, claims)]


def _measure(lab: Lab, plan: Plan, name: str, options: dict[str, object]) -> Row:
    connections = plan.of(1000, 1000, 50)
    paced, bursts, queued = plan.of(200, 60, 5), plan.of(40, 10, 1), plan.of(20_000, 5000, 200)

    def feed(messages: int, push: Callable[[Publisher], None]) -> tuple[float, Outcome]:
        clients = connect(lab, server, connections, messages, **options)
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            push(publisher)
        outcome = clients.outcome()
        return (server.cpu_seconds() - before) / outcome.deliveries * 1e6, outcome

    with ours.serving(lab, name, DELIVERY="instant") as server:
        single, outcome = feed(paced, lambda to: to.paced(paced, RATE))
        burst, _ = feed(bursts * BURST, lambda to: to.bursts(bursts, BURST, BURST_RATE))
        queue, _ = feed(queued, lambda to: to.pipelined(queued))
    return Row(name, (single, burst, queue, outcome.p50_ms, outcome.p99_ms))
