"""Under load, what waits is sent together: deliveries a second, first frame to last."""

from bench import floor, ours
from bench.lab import Lab
from bench.load import Outcome, connect, pushed, start_pushes
from bench.peers import SOCKETIFY
from bench.plan import Plan
from bench.subject import Subject
from bench.table import Claim, Row, Table, medians, ratios

SIZE = 128
IN_FLIGHT = 32
COLUMNS = (
    "deliveries/s",
    "CPU µs/delivery",
    "p50 ms",
    "p99 ms",
    "longest ms",
    "POST p50 ms",
    "POST p99 ms",
)
OURS_POSTED = "ours, 32 HTTP pushes"


def run(lab: Lab, plan: Plan) -> list[Table]:
    """The queue fed by LPUSH, and pushes over HTTP, in one table so that they can be compared."""
    many, few = plan.of(1000, 1000, 50), plan.of(5000, 2000, 80)
    rows = [_floor(lab, many, plan.of(1000, 500, 50), 1)]
    rows += [_floor(lab, many, plan.of(20_000, 5000, 200), batch) for batch in (16, 100)]
    rows.append(_queued(lab, many, plan.of(20_000, 10_000, 500)))
    rows.append(_queued(lab, few, plan.of(4000, 2000, 200)))
    posts, slow_posts = plan.of(8000, 1000, 100), plan.of(600, 200, 50)
    rounds = [_round(lab, plan, many, posts) for _ in range(plan.of(3, 1, 1))]
    rows += medians(rounds)
    slow = plan.without(SOCKETIFY)
    rows += slow.peer_rows(lab, lambda peer: _posted(lab, peer, many, slow_posts))
    conditions = (
        f"{many:,} connections if not said otherwise, {SIZE} bytes. Queue: one LPUSH a "
        "message, pipelined by 100, instant mode. The peers, and ours where said: "
        f"{IN_FLIGHT} POSTs in flight (ours through http_api on the load's core). "
        "The floor sends so many messages in a write. Ours and socketify's with POSTs: the medians "
        f"of {len(rounds)} rounds, in turns."
    )
    claims = [*_claims(rows, rounds), _waiting(rows, many)]
    return [Table("Under load", conditions, COLUMNS, rows, claims, COLUMNS[:1])]


def _round(lab: Lab, plan: Plan, connections: int, posts: int) -> list[Row]:
    with ours.serving(lab, OURS_POSTED, http=True, DELIVERY="instant") as server:
        rows = [_posted(lab, server, connections, posts)]
    alike = plan.among(SOCKETIFY)
    return [*rows, *alike.peer_rows(lab, lambda peer: _posted(lab, peer, connections, posts))]


def _floor(lab: Lab, connections: int, messages: int, batch: int) -> Row:
    least = floor.run(lab, connections, messages, SIZE, 0, batch)
    rate = least.outcome.deliveries / least.outcome.seconds
    return Row(f"floor, {batch} a write", (rate, least.cpu_per_delivery, None, None, None))


def _queued(lab: Lab, connections: int, messages: int) -> Row:
    name = f"ours, queue, {connections:,} connections"
    with ours.serving(lab, name, DELIVERY="instant") as server:
        clients = connect(lab, server, connections, messages)
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            publisher.pipelined(messages)
        return _row(server, clients.outcome(), before)


def _posted(lab: Lab, server: Subject, connections: int, messages: int) -> Row:
    clients = connect(lab, server, connections, messages, order="same")
    before = server.cpu_seconds()
    pushes = start_pushes(lab, server.target, messages, SIZE, IN_FLIGHT)
    row = _row(server, clients.outcome(), before)
    posts = pushed(lab, pushes)
    return Row(server.name, (*row.cells, posts.p50_ms, posts.p99_ms))


def _row(server: Subject, outcome: Outcome, before: float) -> Row:
    used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    rate = outcome.deliveries / outcome.seconds
    return Row(server.name, (rate, used, outcome.p50_ms, outcome.p99_ms, outcome.longest_ms))


def _claims(rows: list[Row], rounds: list[list[Row]]) -> list[Claim]:
    queued = [row for row in rows if row.subject.startswith("ours, queue")]
    claims = [Claim(f"Deliveries/s: {row.subject}", _rate(row), 10e6, True) for row in queued]
    peers = [_rate(row) for row in rows if row.subject == SOCKETIFY]
    if peers and peers[0]:
        ratio = min(map(_rate, queued)) / peers[0]
        claims.append(Claim("Queue, × socketify with 32 pushes in flight", ratio, 4, True))
    posted = ratios(rounds, SOCKETIFY, 0).get(OURS_POSTED)
    claims.append(Claim("32 HTTP pushes, deliveries/s: × socketify", posted, 2, True))
    return claims


def _waiting(rows: list[Row], connections: int) -> Claim:
    """A push waits for the fan-out under way, then for its own; the floor says how long."""
    (posted,) = (row for row in rows if row.subject == OURS_POSTED)
    _, _, frame, _, _, answer, _ = (float(cell or 0) for cell in posted.cells)
    fan_out = connections / _rate(rows[0]) * 1000
    text = "32 HTTP pushes: p50 ms from the answer to the frame (2 × the floor's fan-out)"
    return Claim(text, frame - answer, 2 * fan_out)


def _rate(row: Row) -> float:
    return row.cells[0] if isinstance(row.cells[0], float) else 0.0
