"""Thousands come back at once, each with an id of long ago, while messages flow."""

import threading
from time import monotonic, sleep

import redis

from bench import ours
from bench.errors import BenchFailed
from bench.lab import Lab
from bench.load import Outcome, connect, start_clients
from bench.ours import Ours
from bench.plan import Plan
from bench.publisher import KEY, Publisher
from bench.table import Claim, Row, Table

SIZE = 128
RATE = 100.0
LIVE = 100
TIMEOUT = 90  # Seconds.
COLUMNS = ("p50 ms", "p99 ms", "longest ms", "seconds", "pages read from Redis")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table."""
    clients, backlog = plan.of(5000, 1000, 50), plan.of(10_000, 3000, 200)
    flowing = plan.of(2000, 500, 20)
    with ours.redis(lab) as port, Publisher(port, SIZE) as publisher:
        with ours.served(lab, port, DELIVERY="instant") as server:
            last_id = _head(port)
            before = _all_live(lab, server, publisher, clients, flowing)
            publisher.together(backlog)
            _wait_until_settled(port)
        # A new server: what those who come back want is in Redis only.
        with ours.served(lab, port, DELIVERY="instant") as server:
            upto = backlog + 2 * flowing
            live = start_clients(lab, server, LIVE, upto, order="join", timeout=TIMEOUT)
            live.ready()
            pages = _pages(port)
            flow = threading.Thread(target=publisher.paced, args=[flowing, RATE])
            flow.start()
            path, line = f"/?last_id={last_id}", flowing + backlog
            options = {"path": path, "line": line, "timeout": TIMEOUT}
            back = start_clients(lab, server, clients, upto, **options)
            back.ready()
            flow.join()
            returned, during = back.outcome(), live.outcome()
            pages = _pages(port) - pages
    rows = [
        Row(
            f"{LIVE + clients:,} live ones",
            (before.p50_ms, before.p99_ms, before.longest_ms, None, None),
        ),
        Row(
            f"{LIVE} live ones, meanwhile",
            (during.p50_ms, during.p99_ms, during.longest_ms, None, None),
        ),
        Row(
            f"{returned.connections:,} that come back",
            (None, None, None, returned.line_seconds, float(pages)),
        ),
    ]
    conditions = (
        f"{RATE:g} messages/s of {SIZE} bytes, instant; {clients:,} clients connect at once with a "
        f"last_id {backlog + flowing:,} messages old, to a server that has just started: how long "
        "until the last of them has all of these. Then they are live, too, so they are compared "
        "with as many that are live all the time. All messages of all clients are counted and in "
        "order. The load's core serves all clients and Redis: their delays are in the latency, too."
    )
    claims = [
        Claim("Resume: p99 ms of the live (1.5 × all live)", during.p99_ms, before.p99_ms * 1.5),
        Claim("Resume: pages read from Redis", float(pages), line / 500 + 25),
    ]
    return [Table("Coming back", conditions, COLUMNS, rows, claims)]


def _all_live(lab: Lab, server: Ours, publisher: Publisher, clients: int, flowing: int) -> Outcome:
    """The latency of some, while they and all others are live."""
    crowd = connect(lab, server, clients, flowing, timeout=TIMEOUT)
    live = connect(lab, server, LIVE, flowing, timeout=TIMEOUT)
    publisher.paced(flowing, RATE)
    crowd.outcome()
    return live.outcome()


def _head(port: int) -> str:
    """The beginning of a log that is empty, as clients know it."""
    end = monotonic() + 30
    with redis.Redis(port=port) as client:
        while not isinstance(epoch := client.get(f"{{{KEY.decode()}}}:epoch"), bytes):
            if monotonic() > end:
                raise BenchFailed("the log has no epoch")
            sleep(0.02)
    return f"{epoch.split()[0].decode()}-0-0"


def _wait_until_settled(port: int) -> None:
    end = monotonic() + 30
    with redis.Redis(port=port) as client:
        while client.llen(KEY):
            if monotonic() > end:
                raise BenchFailed("the queue is not settled")
            sleep(0.02)


def _pages(port: int) -> int:
    """How often Redis was asked for a page, or whether it has what comes after a message."""
    with redis.Redis(port=port) as client:
        return int(client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"])
