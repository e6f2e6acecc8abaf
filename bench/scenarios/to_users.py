"""To one user each: every message is for another connection, so nothing can be sent together."""

from pathlib import Path
from tempfile import mkdtemp

import jwt

from bench import floor, ours
from bench.lab import Lab
from bench.load import connect
from bench.plan import Plan
from bench.table import Claim, Row, Table

SIZE = 128
SECRET = "the secret of the measurements, nobody else's"  # noqa: S105
COLUMNS = ("deliveries/s", "CPU µs/delivery", "connects/s")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table: the floor sends one message a write to everybody, ours each to its user."""
    users, each = plan.of(10_000, 2000, 50), plan.of(5, 5, 2)
    least = floor.run(lab, users, each, SIZE, 0, 1)
    limit = least.outcome.deliveries / least.outcome.seconds
    rows = [Row("floor, one a write", (limit, least.cpu_per_delivery, None))]
    rows += [_measure(lab, users, each, form) for form in ("text", "json")]
    conditions = (
        f"{users:,} connections, each with a token of its own user; {each} messages of {SIZE} "
        "bytes for each user, in turn, from a queue fed by LPUSH, instant: from the first frame "
        "to the last."
    )
    wanted, text = min(150_000.0, 0.6 * limit), "deliveries/s (150,000, or 0.6 × floor)"
    claims = [
        Claim(f"To users, {row.subject}: {text}", rate, wanted, at_least=True)
        for row in rows[1:]
        if isinstance(rate := row.cells[0], float)
    ]
    return [Table("To one user each", conditions, COLUMNS, rows, claims)]


def _measure(lab: Lab, users: int, each: int, form: str) -> Row:
    paths = Path(mkdtemp(dir=lab.folder)) / "paths"
    tokens = (jwt.encode({"sub": str(user)}, SECRET, "HS256") for user in range(users))
    paths.write_text("".join(f"/?format={form}&token={token}\n" for token in tokens))
    name = f"ours, {form}"
    with ours.serving(lab, name, SUBSCRIBE_SECRET=SECRET, DELIVERY="instant") as server:
        clients = connect(lab, server, users, each, paths=paths, find=int(form == "json"))
        before = server.cpu_seconds()
        with server.publisher(SIZE) as publisher:
            publisher.to_each([f"user:{user}" for user in range(users)], each)
        outcome = clients.outcome()
        used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    rate = outcome.deliveries / outcome.seconds
    return Row(server.name, (rate, used, users / outcome.connect_seconds))
