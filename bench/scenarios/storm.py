"""A connect storm while messages flow: nobody is refused, and who is there misses nothing."""

from bench import ours
from bench.lab import Lab
from bench.load import Outcome, connect, start_clients
from bench.plan import Plan
from bench.table import Claim, Row, Table

SIZE = 128
RATE = 50.0  # Messages a second.
THERE = 100
COLUMNS = ("connects/s", "seconds", "p50 ms", "p99 ms", "longest ms")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One row for those who come, one for those who are there; the clients check the frames."""
    coming, seconds = plan.of(10_000, 3000, 200), plan.of(40, 15, 3)
    messages = int(RATE * seconds)
    with ours.serving(lab, DELIVERY="instant") as server:
        there = connect(lab, server, THERE, messages, timeout=120)
        with server.publisher(SIZE) as publisher:
            publisher.paced(int(RATE), RATE)
            storm = start_clients(
                lab, server, coming, messages, order="join", timeout=120, **{"at-once": coming}
            )
            # The flow outlasts the storm, or the late ones would miss all of it: a failure.
            publisher.paced(messages - int(RATE), RATE)
        took = storm.ready()
        came, stayed = storm.outcome(), there.outcome()
    rows = [
        Row(f"{coming:,} that come", (coming / took, took, *_latency(came))),
        Row(f"{THERE} already there", (None, None, *_latency(stayed))),
    ]
    conditions = (
        f"All at once, while {RATE:g} messages/s of {SIZE} bytes flow to everybody; instant."
    )
    claim = Claim("Connect storm: connected", came.connections, coming, True)
    return [Table("Connect storm", conditions, COLUMNS, rows, [claim])]


def _latency(seen: Outcome) -> tuple[float, float, float]:
    return seen.p50_ms, seen.p99_ms, seen.longest_ms
