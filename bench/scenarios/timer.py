"""The timer's tick: everything that waits goes out at once."""

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Claim, Row, Table

SIZE = 128
COLUMNS = ("deliveries/s", "CPU µs/delivery", "first to last frame, s")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table of one row."""
    connections, messages = plan.of(1000, 1000, 50), plan.of(10_000, 5000, 500)
    with ours.serving(lab, "ours, timer") as server:
        clients = connect(lab, server, connections, messages)
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            publisher.together(messages)
        outcome = clients.outcome()
        used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    rate = outcome.deliveries / outcome.seconds
    conditions = (
        f"{messages:,} queued messages of {SIZE} bytes × {connections:,} connections, one tick."
    )
    claim = Claim("Timer: deliveries/s from the tick's first frame to its last", rate, 10e6, True)
    rows = [Row(server.name, (rate, used, outcome.seconds))]
    return [Table("The timer's tick", conditions, COLUMNS, rows, [claim])]
