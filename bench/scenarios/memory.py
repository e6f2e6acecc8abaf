"""Idle connections: memory and threads of the process that holds them."""

from time import sleep

from bench import ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.subject import Subject
from bench.table import Claim, Row, Table

SETTLE = 2.0  # Seconds after the last handshake.
COLUMNS = ("kB/connection", "MB at the end", "threads before", "threads after")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """The cost of one more connection, and, for ours, very many."""
    few, more = plan.of(1000, 500, 50), plan.of(9000, 2000, 100)
    with ours.serving(lab) as server:
        row = _measure(lab, server, few, more)
    most = plan.of(15_000, 5000, 200)
    with ours.serving(lab, f"ours, up to {most:,}") as server:
        rows = [row, _measure(lab, server, few, most - few)]
    rows += plan.peer_rows(lab, lambda peer: _measure(lab, peer, few, more))
    conditions = f"Process memory (Pss) between {few:,} and {few + more:,} idle connections."
    kilobytes, _, before, after = (float(cell or 0) for cell in row.cells)
    claims = [
        Claim("kB per idle connection", kilobytes, 1.5),
        Claim("Threads more after the connects", after - before, 0),
    ]
    return [Table("Memory", conditions, COLUMNS, rows, claims, COLUMNS[:1])]


def _measure(lab: Lab, server: Subject, few: int, more: int) -> Row:
    first = connect(lab, server, few, 0, hold=1, timeout=600)
    sleep(SETTLE)
    before, threads = server.memory_bytes(), server.threads()
    second = connect(lab, server, more, 0, hold=1, timeout=600)
    sleep(SETTLE)
    after = server.memory_bytes()
    threads_after = server.threads()
    for clients in (first, second):
        clients.release()
    grown = (after - before) / more / 1024
    return Row(server.name, (grown, after / 2**20, float(threads), float(threads_after)))
