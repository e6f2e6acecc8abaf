"""Handshakes: how many connects a second one core takes, and what each costs."""

from bench import ours
from bench.lab import Lab
from bench.load import connect, start_clients
from bench.plan import Plan
from bench.subject import Subject
from bench.table import Claim, Row, Table

COLUMNS = ("connects/s", "CPU µs/connect")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table."""
    connections = plan.of(5000, 2000, 100)
    with ours.serving(lab) as server:
        rows = [_measure(lab, server, connections)]
    rows += plan.peer_rows(lab, lambda peer: _measure(lab, peer, connections))
    conditions = f"{connections:,} connects, at most 512 at the same time, to one core."
    rate = rows[0].cells[0]
    claims = [Claim("Connects/s", rate, 3000, True)] if isinstance(rate, float) else []
    return [Table("Connects", conditions, COLUMNS, rows, claims, COLUMNS[:1])]


def _measure(lab: Lab, server: Subject, connections: int) -> Row:
    connect(lab, server, 50, 0, hold=1).release()  # Whatever is made only once.
    before = server.cpu_seconds()
    clients = start_clients(lab, server, connections, 0, hold=1)
    seconds = clients.ready()
    used = server.cpu_seconds() - before
    clients.release()
    return Row(server.name, (connections / seconds, used / connections * 1e6))
