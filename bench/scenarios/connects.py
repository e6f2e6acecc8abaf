"""Handshakes: how many connects a second one core takes, and what each costs."""

from collections.abc import Iterator

from bench import floor, ours, tokens
from bench.lab import Lab
from bench.load import connect, start_clients
from bench.peers import CENTRIFUGO, SOCKETIFY
from bench.plan import Plan
from bench.subject import Subject
from bench.table import Claim, Row, Table, medians, ratios

COLUMNS = ("connects/s", "CPU µs/connect", "× floor", "× socketify", "× Centrifugo")
RATE = 0  # Its column.
PLAIN, TOKEN, EVENTS = "ours", "ours, token", "ours, events"
STREAM: dict[str, object] = {"path": "/events", "events": 1}
FAST, SHARE = 12_000, 0.4  # What is wanted: so many a second, or so much of socketify's.


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table; all take turns, so that they have the same neighbours."""
    connections = plan.of(10_000, 2000, 100)
    rounds = [list(_round(lab, plan, connections)) for _ in range(plan.of(3, 1, 1))]
    rows = medians(rounds)
    shares = [ratios(rounds, to, RATE) for to in ("floor", SOCKETIFY, CENTRIFUGO)]
    shown = [
        Row(row.subject, (*row.cells, *(found.get(row.subject) for found in shares)))
        for row in rows
    ]
    conditions = (
        f"{connections:,} connects, at most 512 at the same time, to one core. Token: each client "
        "has one of its own (HS256), and it is checked. The floor reads a request to its end and "
        "answers with ready bytes. Centrifugo's clients are connected when it has told them so, "
        f"and have a channel. Medians of {len(rounds)} rounds, of the ratios, too."
    )
    return [Table("Connects", conditions, COLUMNS, shown, _claims(rows, rounds), COLUMNS[:1])]


def _round(lab: Lab, plan: Plan, connections: int) -> Iterator[Row]:
    def plain(subject: Subject) -> Row:
        return _measure(lab, subject, connections)

    def with_tokens(subject: Subject) -> Row:
        paths = tokens.paths(lab, connections, subject.token_path)
        return _measure(lab, subject, connections, paths=paths)

    with floor.door(lab) as least:
        yield plain(least)
    with ours.serving(lab, PLAIN) as server:
        yield plain(server)
    with ours.serving(lab, TOKEN, SUBSCRIBE_SECRET=tokens.SECRET) as server:
        yield with_tokens(server)
    with ours.serving(lab, EVENTS) as server:
        yield _measure(lab, server, connections, **STREAM)
    yield from plan.peer_rows(lab, plain)
    yield from plan.among(CENTRIFUGO).peer_rows(lab, with_tokens, ", token")


def _measure(lab: Lab, server: Subject, connections: int, **options: object) -> Row:
    connect(lab, server, 50, 0, hold=1, **options).release()  # Whatever is made only once.
    before = server.cpu_seconds()
    clients = start_clients(lab, server, connections, 0, hold=1, **options)
    seconds = clients.ready()
    used = server.cpu_seconds() - before
    clients.release()
    return Row(server.name, (connections / seconds, used / connections * 1e6))


def _claims(rows: list[Row], rounds: list[list[Row]]) -> list[Claim]:
    rates = {row.subject: row.cells[RATE] for row in rows}
    socketify = rates.get(SOCKETIFY)
    wanted = min(FAST, SHARE * socketify) if isinstance(socketify, float) else FAST
    either = f"{FAST:,} or {SHARE:g} × socketify"
    return [
        Claim(f"Connects/s ({either})", _number(rates[PLAIN]), wanted, at_least=True),
        Claim(
            "Connects/s: × Centrifugo",
            ratios(rounds, CENTRIFUGO, RATE).get(PLAIN),
            2,
            at_least=True,
        ),
        Claim(
            "Connects/s with a token (half as many)",
            _number(rates[TOKEN]),
            wanted / 2,
            at_least=True,
        ),
    ]


def _number(cell: object) -> float:
    return cell if isinstance(cell, float) else 0.0
