"""`POST /push/batch`: how many messages a second a backend gets in."""

import json

from bench import ours
from bench.lab import Lab
from bench.load import pushed, start_pushes
from bench.plan import Plan
from bench.subject import PushTarget
from bench.table import Claim, Row, Table

SIZE = 128
IN_FLIGHT = 32
BATCH = 1000
COLUMNS = ("requests/s", "messages/s", "p50 ms", "p99 ms")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table of one row."""
    batches = plan.of(1000, 200, 10)
    body = lab.folder / "batch.json"
    body.write_text(json.dumps(["x" * SIZE] * BATCH))
    flags = ("--type", "application/json", "--body", str(body))
    with ours.redis(lab) as redis_port, ours.http_api(lab, redis_port, "ours") as server:
        target = PushTarget(server.port, "/push/batch", flags)
        done = pushed(lab, start_pushes(lab, target, batches, 0, IN_FLIGHT))
        ours.check_queue(redis_port, batches * BATCH)
    rate = done.requests / done.seconds
    row = Row("ours, /push/batch", (rate, rate * BATCH, done.p50_ms, done.p99_ms))
    conditions = (
        f"{IN_FLIGHT} keep-alive connections, {BATCH:,} messages of {SIZE} bytes in each request, "
        "http_api on one core, no WebSocket server."
    )
    claim = Claim("HTTP /push/batch, messages/s", rate * BATCH, 100_000, at_least=True)
    return [Table("Batches over HTTP", conditions, COLUMNS, [row], [claim])]
