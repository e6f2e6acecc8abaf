"""What receipts cost: messages that ask for one, against the same ones that do not."""

from collections.abc import Callable

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_ratio, medians
from common.message import Tracked, item_of

SIZE = 128
RATE = 20.0  # LPUSHes a second.
TOGETHER = 200
COLUMNS = ("CPU µs/delivery", "Redis CPU µs/message", "p50 ms", "p99 ms")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table; with and without take turns, each on a server of its own."""
    connections, pushes = plan.of(1000, 1000, 50), plan.of(200, 60, 5)
    rounds = [_round(lab, connections, pushes) for _ in range(plan.of(5, 1, 1))]
    conditions = (
        f"{connections:,} connections that answer pings, {pushes} LPUSHes, {RATE:g} a second, of "
        f"one message of {SIZE} bytes, or of {TOGETHER}; each asks for a receipt, or none does. "
        f"Instant. Medians of {len(rounds)} rounds; of the ratios, too."
    )
    claims = [
        Claim(f"Receipts, {what}: CPU of ws ×", median_ratio(rounds, at + 1, at, 0), 1.05)
        for at, what in ((0, "one message a push"), (2, f"{TOGETHER} messages a push"))
    ]
    return [Table("Receipts", conditions, COLUMNS, medians(rounds), claims)]


def _round(lab: Lab, connections: int, pushes: int) -> list[Row]:
    return [
        _measure(lab, f"{many} a push, {name}", connections, pushes, many, wrap)
        for many in (1, TOGETHER)
        for name, wrap in (("none asks", bytes), ("each asks", asking))
    ]


def asking(content: bytes) -> bytes:
    """The item of a message that asks for a receipt under its number."""
    return item_of(content.decode(), content, (), Tracked(content[:10].decode()))


def _measure(
    lab: Lab,
    name: str,
    connections: int,
    pushes: int,
    together: int,
    wrap: Callable[[bytes], bytes],
) -> Row:
    messages = pushes * together
    with ours.serving(lab, name, DELIVERY="instant") as server:
        clients = connect(lab, server, connections, messages)
        before, redis_before = server.cpu_seconds(), server.redis_seconds()
        with server.publisher(SIZE, wrap) as publisher:
            publisher.bursts(pushes, together, RATE)
        outcome = clients.outcome()
        used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
        redis_used = (server.redis_seconds() - redis_before) / messages * 1e6
    return Row(name, (used, redis_used, outcome.p50_ms, outcome.p99_ms))
