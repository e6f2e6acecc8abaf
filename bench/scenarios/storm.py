"""A connect storm while messages flow: nobody is refused, and who is there misses nothing."""

from threading import Thread

from bench import ours
from bench.lab import Lab
from bench.load import connect, start_clients
from bench.plan import Plan
from bench.table import Claim, Row, Table, medians

SIZE = 128
RATE = 50.0  # Messages a second.
THERE = 100
COLUMNS = ("connects/s", "seconds", "p50 ms", "p99 ms", "longest ms")
BEFORE = 1.0  # Seconds of flow before the storm.


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One row for those who come, two for those who are there; the clients check the frames."""
    coming, seconds = plan.of(10_000, 3000, 200), plan.of(20, 12, 3)
    rounds = [_round(lab, coming, int(RATE * seconds)) for _ in range(plan.of(3, 1, 1))]
    rows = medians(rounds)
    conditions = (
        f"All at once, while {RATE:g} messages/s of {SIZE} bytes flow to everybody for {seconds} "
        "s; instant. Meanwhile: what was pushed until the last of them was connected. After that, "
        f"the {coming + THERE:,} are more than one core serves one message at a time. "
        f"Medians of {len(rounds)} rounds."
    )
    took, p99 = (float(cell or 0) for cell in (rows[0].cells[1], rows[1].cells[3]))
    claims = [
        Claim(f"Connect storm: seconds until {coming:,} are connected", took, 2.5),
        Claim("Connect storm: p99 ms of the others, meanwhile", p99, 120),
    ]
    return [Table("Connect storm", conditions, COLUMNS, rows, claims)]


def _round(lab: Lab, coming: int, messages: int) -> list[Row]:
    with ours.serving(lab, DELIVERY="instant") as server:
        there = connect(lab, server, THERE, messages, timeout=120)
        with server.publisher(SIZE) as publisher:
            publisher.paced(int(RATE * BEFORE), RATE)
            # The flow outlasts the storm, or the late ones would miss all of it: a failure.
            flow = Thread(target=publisher.paced, args=(messages - int(RATE * BEFORE), RATE))
            flow.start()
            there.mark()
            storm = start_clients(
                lab, server, coming, messages, order="join", timeout=120, **{"at-once": coming}
            )
            took = storm.ready()
            there.mark()
            flow.join()
        came, stayed = storm.outcome(), there.outcome()
    window = (stayed.window_p50_ms, stayed.window_p99_ms, None)
    rows = {
        f"{coming:,} that come": (coming / took, took, came.p50_ms, came.p99_ms, came.longest_ms),
        f"{THERE} already there, meanwhile": (None, None, *window),
        f"{THERE} already there, all the time": (
            None,
            None,
            stayed.p50_ms,
            stayed.p99_ms,
            stayed.longest_ms,
        ),
    }
    return [Row(name, cells) for name, cells in rows.items()]
