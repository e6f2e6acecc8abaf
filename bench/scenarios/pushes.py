"""Single pushes over HTTP: how many a second one core takes, and how long an answer takes.

Nobody listens. What ours confirmed is counted on the list.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from bench import floor, ours
from bench.lab import Lab, free_port, wait_until_listening
from bench.load import Pushed, push_for
from bench.ours import FORM
from bench.peers import CENTRIFUGO, GO, SOCKETIFY
from bench.peers.python import gunicorn
from bench.plan import Plan
from bench.subject import PushTarget, Subject
from bench.table import Cell, Claim, Row, Table, medians, ratios

CONNECTIONS = (1, 16, 64)
MANY = 16
WARM_UP = 0.3  # Seconds.
JSON = ("--type", "application/json", "--before", '{"content":"', "--after", '"}')
TOKEN = "the-token-of-the-measurements"  # noqa: S105
AUTHORIZED = ("--header", f"Authorization: Bearer {TOKEN}")
NO_REFUSAL = 1_000_000  # A limit that is checked each time and never reached.
LIMITS: dict[str, object] = {
    "PUSH_TOKENS": f"one:another-token-than-that,bench:{TOKEN}",
    "TOKEN_REQUESTS_PER_SECOND": NO_REFUSAL,
    "TOKEN_MESSAGES_PER_SECOND": NO_REFUSAL,
    "ADDRESS_REQUESTS_PER_SECOND": NO_REFUSAL,
    "ADDRESS_MESSAGES_PER_SECOND": NO_REFUSAL,
    "CONNECTIONS_PER_ADDRESS": NO_REFUSAL,
}
BARE = "bare Flask view"
PLAIN = ("ours, form", "ours, JSON")
GUARDED = ("ours, form, tokens and limits", "ours, JSON, tokens and limits")
RATES = (
    *(f"requests/s, {count}" for count in CONNECTIONS),
    "CPU µs/request",
    "core busy, %",
    "× floor",
    "× Centrifugo",
)
WAITS = (*(f"{p} ms, {count}" for count in CONNECTIONS for p in ("p50", "p99")), "p99 ms, half")
ALONE, AT_ONCE = 0, 1  # The columns of 1 and of 16 connections.


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table of rates, one of times; all take turns, so that they have the same neighbours."""
    seconds = (1.5, 0.7, 0.1)[plan.size]
    rounds = [_round(lab, plan, seconds) for _ in range(plan.of(3, 1, 1))]
    rows = medians(rounds)
    shares = [ratios(rounds, to, AT_ONCE) for to in ("floor", CENTRIFUGO)]
    rates = [_with(row, 5, [found.get(row.subject) for found in shares]) for row in rows]
    waits = [row if len(row.cells) == 1 else Row(row.subject, row.cells[5:]) for row in rows]
    columns = ", ".join(map(str, CONNECTIONS))
    conditions = (
        f"{columns} keep-alive connections, each with one message of 128 bytes under way, for "
        f"{seconds} s each; one core, nobody listens. The floor reads a request to its end and "
        "answers with ready bytes. Ours, Centrifugo (Redis engine, history) and the bare Flask "
        "view (redis-py, gunicorn's gevent worker, checks nothing) answer when Redis has "
        "confirmed; the others hold the message in memory. CPU, the core's share and the ratios: "
        f"with {MANY} connections. Medians of {len(rounds)} rounds, of the ratios, too."
    )
    also = (
        f"As above. Half: {MANY} connections at half of the rate that they reached; the wait for a "
        "free connection counts."
    )
    return [
        Table("Pushes over HTTP", conditions, RATES, rates, _claims(rounds), (RATES[AT_ONCE],)),
        Table("Pushes over HTTP: how long an answer takes", also, WAITS, waits),
    ]


def _round(lab: Lab, plan: Plan, seconds: float) -> list[Row]:
    with floor.door(lab) as least:
        rows = [_measure(lab, least, seconds)]
    for names, settings, flags in ((PLAIN, {}, ()), (GUARDED, LIMITS, AUTHORIZED)):
        rows += _ours(lab, names, settings, flags, seconds)
    with ours.redis(lab) as redis_port, _bare(lab, redis_port) as bare:
        rows.append(_measure(lab, bare, seconds))
    peers = plan.among(CENTRIFUGO, GO, SOCKETIFY)
    return [*rows, *peers.peer_rows(lab, lambda peer: _measure(lab, peer, seconds))]


def _ours(
    lab: Lab,
    names: tuple[str, ...],
    settings: dict[str, object],
    flags: tuple[str, ...],
    seconds: float,
) -> Iterator[Row]:
    with ours.redis(lab) as redis_port:
        for name, body in zip(names, (FORM, JSON), strict=True):
            with ours.http_api(lab, redis_port, name, (*body, *flags), **settings) as server:
                yield _measure(lab, server, seconds, redis_port)


@contextmanager
def _bare(lab: Lab, redis_port: int) -> Iterator[Subject]:
    port, url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
    with lab.ending():
        command = gunicorn(port, "bench.peers.bare_push:create_app()")
        program = lab.server("bare", *command, BARE_REDIS_URL=url)
        wait_until_listening(program, port)
        target = PushTarget(port, flags=FORM)
        yield Subject(BARE, ours.workers(program, 1), port, target)


def _measure(lab: Lab, server: Subject, seconds: float, redis_port: int = 0) -> Row:
    runs = [push_for(lab, server.target, WARM_UP, MANY)]
    used = 0.0
    for connections in CONNECTIONS:
        before = server.cpu_seconds()
        runs.append(push_for(lab, server.target, seconds, connections))
        if connections == MANY:
            used = server.cpu_seconds() - before
    by_count = dict(zip(CONNECTIONS, runs[1:], strict=True))
    many = by_count[MANY]
    runs.append(push_for(lab, server.target, seconds, MANY, 2 / _rate(many)))
    if redis_port:
        ours.check_queue(redis_port, sum(run.requests for run in runs))
    rates = [_rate(by_count[count]) for count in CONNECTIONS]
    waits = [wait for run in by_count.values() for wait in (run.p50_ms, run.p99_ms)]
    cpu = (used / many.requests * 1e6, used / many.seconds * 100)
    return Row(server.name, (*rates, *cpu, *waits, runs[-1].p99_ms))


def _rate(done: Pushed) -> float:
    return done.requests / done.seconds


def _with(row: Row, size: int, more: list[float | None]) -> Row:
    cells: tuple[Cell, ...] = (*row.cells[:size], *more)
    return row if len(row.cells) == 1 else Row(row.subject, cells)


def _claims(rounds: list[list[Row]]) -> list[Claim]:
    def least(names: tuple[str, ...], to: str, column: int) -> float | None:
        found = ratios(rounds, to, column)
        return min(found[name] for name in names) if found else None

    half = [float(row.cells[-1] or 0) for row in medians(rounds) if row.subject in PLAIN]
    many = f"HTTP pushes, {MANY} connections"
    return [
        Claim(f"{many}: × Centrifugo", least(PLAIN, CENTRIFUGO, AT_ONCE), 1.5, at_least=True),
        Claim(f"{many}: × a bare Flask view", least(PLAIN, BARE, AT_ONCE), 12, at_least=True),
        Claim(
            f"{many}, tokens and limits: × Centrifugo",
            least(GUARDED, CENTRIFUGO, AT_ONCE),
            1.2,
            at_least=True,
        ),
        Claim(
            "HTTP pushes, 1 connection: × Centrifugo",
            least(PLAIN, CENTRIFUGO, ALONE),
            1.2,
            at_least=True,
        ),
        Claim("HTTP pushes, half of the full rate: p99 ms", max(half), 10),
    ]
