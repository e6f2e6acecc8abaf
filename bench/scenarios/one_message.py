"""One message a send: the CPU that a delivery takes, and how long it takes, at a low rate."""

from bench import floor, ours
from bench.lab import Lab
from bench.load import connect, pushed, start_pushes
from bench.ours import Ours
from bench.plan import Plan
from bench.subject import Subject
from bench.table import Claim, Row, Table, median_row

RATE = 20.0  # Messages a second.
SIZE = 128
COLUMNS = ("CPU µs/delivery", "× floor", "p50 ms", "p99 ms")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table; the floor and ours take turns, so that both have the same neighbours."""
    connections, messages = plan.of(1000, 1000, 50), plan.of(300, 100, 10)
    rounds = [_round(lab, connections, messages) for _ in range(plan.of(3, 1, 1))]
    rows = [median_row(list(runs)) for runs in zip(*rounds, strict=True)]
    base = float(rows[0].cells[0] or 1)
    rows += plan.peer_rows(lab, lambda peer: _posted(lab, peer, connections, messages, base))
    conditions = (
        f"{connections:,} connections, {messages} messages of {SIZE} bytes, {RATE:g} a second: "
        f"LPUSHed for ours, POSTed to the peers. The timer looks every 50 ms. Floor and ours: "
        f"the medians of {len(rounds)} rounds. "
        "socketify's loop spins for a while after each event: at this rate its CPU is mostly that."
    )
    return [Table("One message a send", conditions, COLUMNS, rows, _claims(rows), COLUMNS[:1])]


def _round(lab: Lab, connections: int, messages: int) -> list[Row]:
    least = floor.run(lab, connections, messages, SIZE, 1 / RATE, 1)
    base = least.cpu_per_delivery
    rows = [Row("floor", (base, 1.0, least.outcome.p50_ms, least.outcome.p99_ms))]
    for delivery, interval in (("instant", 1.0), ("timer", 0.05)):
        name = f"ours, {delivery}"
        with ours.serving(lab, name, DELIVERY=delivery, POLL_INTERVAL=interval) as server:
            rows.append(_queued(lab, server, connections, messages, base))
    return rows


def _queued(lab: Lab, server: Ours, connections: int, messages: int, base: float) -> Row:
    clients = connect(lab, server, connections, messages)
    before = server.cpu_seconds()
    with server.publisher(SIZE) as publisher:
        publisher.paced(messages, RATE)
    outcome = clients.outcome()
    used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    return Row(server.name, (used, used / base, outcome.p50_ms, outcome.p99_ms))


def _posted(lab: Lab, peer: Subject, connections: int, messages: int, base: float) -> Row:
    clients = connect(lab, peer, connections, messages)
    before = peer.cpu_seconds()
    pushes = start_pushes(lab, peer.target, messages, SIZE, 1, 1 / RATE)
    outcome = clients.outcome()
    used = (peer.cpu_seconds() - before) / outcome.deliveries * 1e6
    pushed(lab, pushes)
    return Row(peer.name, (used, used / base, outcome.p50_ms, outcome.p99_ms))


def _claims(rows: list[Row]) -> list[Claim]:
    least, instant, timer = ([float(cell or 0) for cell in row.cells] for row in rows[:3])
    return [
        Claim("One message a send, instant: CPU × floor", instant[1], 1.25),
        Claim("One message a send, timer: CPU × floor", timer[1], 1.25),
        Claim("Latency p50 ms, instant (1.15 × floor + 3 ms)", instant[2], least[2] * 1.15 + 3),
        Claim("Latency p99 ms, instant (1.15 × floor + 3 ms)", instant[3], least[3] * 1.15 + 3),
    ]
