"""The HTTP API alone: requests a second against the least that a Flask view could do."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from bench import ours
from bench.errors import BenchFailed
from bench.lab import Lab, free_port, wait_until_listening
from bench.load import Pushed, pushed, start_pushes
from bench.ours import FORM
from bench.peers import gunicorn
from bench.plan import Plan
from bench.publisher import KEY
from bench.subject import PushTarget
from bench.table import Claim, Row, Table

SIZE = 128
IN_FLIGHT = 32
BATCH = 1000
BARE = "bench.peers.bare_push:create_app()"
COLUMNS = ("requests/s", "messages/s", "p50 ms", "p99 ms")


def run(lab: Lab, plan: Plan) -> list[Table]:
    """`/push` for ours and the bare view, then `/push/batch`."""
    requests, batches = plan.of(10_000, 3000, 200), plan.of(1000, 200, 10)
    with ours.redis(lab) as redis_port:
        rows = _pushes(lab, redis_port, requests)
        with _served(lab, redis_port, "http_api") as port:
            rows.append(_batches(lab, redis_port, port, batches))
    conditions = (
        f"{IN_FLIGHT} keep-alive connections, messages of {SIZE} bytes, one core, no "
        "WebSocket server. The bare view LPUSHes with redis-py and checks nothing; once on "
        "gunicorn's gevent worker as it comes, once served exactly as ours. "
        f"A batch has {BATCH:,} messages."
    )
    best = min(_ratio(rows[0], row) for row in rows[1:3])
    claims = [
        Claim("HTTP /push, × a bare Flask view", best, 0.9, True),
        Claim("HTTP /push/batch, messages/s", float(rows[3].cells[1] or 0), 100_000, True),
    ]
    return [Table("HTTP API", conditions, COLUMNS, rows, claims)]


def _pushes(lab: Lab, redis_port: int, requests: int) -> list[Row]:
    with _served(lab, redis_port, "http_api") as port:
        rows = [_single(lab, redis_port, "ours, /push", port, requests)]
    with _bare(lab, redis_port) as port:
        rows.append(_single(lab, redis_port, "bare view, gunicorn's gevent", port, requests))
    with _served(lab, redis_port, "bench.peers.bare_push") as port:
        rows.append(_single(lab, redis_port, "bare view, served as ours", port, requests))
    return rows


@contextmanager
def _served(lab: Lab, redis_port: int, module: str) -> Iterator[int]:
    port, url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
    with lab.ending():
        program = lab.server(module, sys.executable, "-m", module, HTTP_PORT=port, REDIS_URL=url)
        wait_until_listening(program, port)
        yield port


@contextmanager
def _bare(lab: Lab, redis_port: int) -> Iterator[int]:
    port, url = free_port(), f"redis://127.0.0.1:{redis_port}/0"
    with lab.ending():
        program = lab.server("bare", *gunicorn(port, BARE), BARE_REDIS_URL=url)
        wait_until_listening(program, port)
        yield port


def _single(lab: Lab, redis_port: int, name: str, port: int, requests: int) -> Row:
    target = PushTarget(port, flags=FORM)
    pushed(lab, start_pushes(lab, target, IN_FLIGHT * 4, SIZE, IN_FLIGHT))  # To warm up.
    done = pushed(lab, start_pushes(lab, target, requests, SIZE, IN_FLIGHT))
    _check_queue(redis_port, requests + IN_FLIGHT * 4)
    return _row(name, done, 1)


def _batches(lab: Lab, redis_port: int, port: int, batches: int) -> Row:
    body = lab.folder / "batch.json"
    body.write_text(json.dumps(["x" * SIZE] * BATCH))
    flags = ("--type", "application/json", "--body", str(body))
    target = PushTarget(port, "/push/batch", flags)
    done = pushed(lab, start_pushes(lab, target, batches, 0, IN_FLIGHT))
    _check_queue(redis_port, batches * BATCH)
    return _row("ours, /push/batch", done, BATCH)


def _row(name: str, done: Pushed, messages: int) -> Row:
    rate = done.requests / done.seconds
    return Row(name, (rate, rate * messages, done.p50_ms, done.p99_ms))


def _ratio(row: Row, other: Row) -> float:
    return float(row.cells[0] or 0) / float(other.cells[0] or 1)


def _check_queue(redis_port: int, expected: int) -> None:
    """All are on the list; it is emptied for whoever comes next."""
    with redis.Redis(port=redis_port) as client:
        queued = client.llen(KEY)
        client.delete(KEY)
    if queued != expected:
        raise BenchFailed(f"{queued} messages are queued, {expected} were confirmed")
