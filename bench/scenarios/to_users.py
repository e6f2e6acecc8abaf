"""To one user each: every message is for another connection, so nothing can be sent together."""

import os
import signal
from collections.abc import Callable

from bench import floor, ours, tokens
from bench.lab import Lab
from bench.load import connect
from bench.ours import Ours
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_ratio, median_row
from common.message import Mark
from common.store import connect as store
from common.store.log import RedisLog
from common.store.log_state import Retention
from config.settings import Settings

SIZE = 128
CONTENT = '"content":"'  # What stands before it in a frame of JSON.
LATE = Mark("", 1 << 120)  # After all: to settle and to read nothing.
COLUMNS = ("deliveries/s", "CPU µs/delivery", "connects/s")

Feed = Callable[[Ours, Callable[[], None]], None]


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table: the floor sends one message a write to everybody, ours each to its user."""
    users, each = plan.of(10_000, 2000, 50), plan.of(8, 5, 2)
    rounds = [_round(lab, users, each) for _ in range(plan.of(5, 1, 1))]
    rows = [median_row(list(runs)) for runs in zip(*rounds, strict=True)]
    conditions = (
        f"{users:,} connections, each with a token of its own user; {each} messages of {SIZE} "
        "bytes for each user, in turn, instant: from the first frame to the last. Meanwhile: they "
        "are LPUSHed and settled while they are sent, and the load's core is the limit. From the "
        "log: the server stands still until all are in the log. The load client spins: no send "
        "has to wake it. The end of the connections is in the CPU time. Medians of "
        f"{len(rounds)} rounds; of the ratios, too."
    )
    claims = [
        Claim(
            f"To users, {row.subject}: × floor", median_ratio(rounds, at, 0, 0), 0.6, at_least=True
        )
        for at, row in enumerate(rows[2:], start=2)
    ]
    return [Table("To one user each", conditions, COLUMNS, rows, claims)]


def _round(lab: Lab, users: int, each: int) -> list[Row]:
    least = floor.run(lab, users, each, SIZE, 0, 1)
    rate = least.outcome.deliveries / least.outcome.seconds
    connects = users / least.outcome.connect_seconds
    rows = [Row("floor, one a write", (rate, least.cpu_per_delivery, connects))]
    rows.append(_measure(lab, users, each, "text", _pushed_meanwhile, "meanwhile"))
    for form in ("text", "json"):
        rows.append(_measure(lab, users, each, form, _from_the_log, "from the log"))
    return rows


def _measure(lab: Lab, users: int, each: int, form: str, feed: Feed, how: str) -> Row:
    options: dict[str, object] = {"find": CONTENT} if form == "json" else {}
    options["paths"] = tokens.paths(lab, users, f"/?format={form}&token=%s")
    name = f"ours, {form}, {how}"
    with ours.serving(lab, name, SUBSCRIBE_SECRET=tokens.SECRET, DELIVERY="instant") as server:
        clients = connect(lab, server, users, each, spin=1, **options)
        with server.publisher(SIZE) as publisher:
            before = server.cpu_seconds()
            feed(server, lambda: publisher.to_each([f"user:{user}" for user in range(users)], each))
        outcome = clients.outcome()
        used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    rate = outcome.deliveries / outcome.seconds
    return Row(server.name, (rate, used, users / outcome.connect_seconds))


def _pushed_meanwhile(_server: Ours, push: Callable[[], None]) -> None:
    push()


def _from_the_log(server: Ours, push: Callable[[], None]) -> None:
    for pid in server.pids:
        os.kill(pid, signal.SIGSTOP)
    push()
    client = store.connect(f"redis://127.0.0.1:{server.redis_port}/0", 5, 4)
    settings = Settings()
    retention = Retention(settings.history_size, settings.history_seconds, settings.history_bytes)
    log = RedisLog(client, settings.message_center_key, retention)
    while log.settle_and_read(LATE, 1)[0].waiting:
        pass
    client.close()
    for pid in server.pids:
        os.kill(pid, signal.SIGCONT)
