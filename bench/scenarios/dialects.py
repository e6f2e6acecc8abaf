"""What the dialects cost: clients of Pusher's and of Socket.IO, against our own JSON.

All listen to one channel, and get the same pushes.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import sleep, time

from bench import ours
from bench.lab import Lab
from bench.load import connect, push_for, pushed, start_clients, start_pushes
from bench.ours import FORM, Ours
from bench.plan import Plan
from bench.table import Claim, Row, Table, median_ratio, medians
from common.message import item_of
from common.pusher.apps import App
from common.pusher.signing import signature

SIZE = 128
RATE = 20.0  # Messages a second, one by one.
IN_FLIGHT = 32
MANY = 16  # Connections of a backend.
SETTLE = (2.0, 2.0, 0.1)  # Seconds after the last handshake, by the size of the run.
WARM_UP = 0.3
CHANNEL, EVENT = "bench", "price"
APP, KEY, SECRET = "bench", "key-of-bench", "secret-of-bench"
SPOKEN: dict[str, object] = {"PUSHER_APPS": f"{APP}:{KEY}:{SECRET}", "SOCKET_IO": 1}
COLUMNS = (
    "CPU µs/delivery, alone",
    "CPU µs/delivery, 32 in flight",
    "deliveries/s, 32 in flight",
    "CPU µs/connect",
    "connects/s",
    "kB/connection",
)
ALONE, TOGETHER = 0, 1
PUSHES = ("requests/s", "CPU µs/request", "p50 ms", "p99 ms")


@dataclass(frozen=True)
class Dialect:
    """How its clients listen to the channel: the options of client.c."""

    name: str
    flags: tuple[str, ...]


SUBSCRIBE = json.dumps({"event": "pusher:subscribe", "data": {"channel": CHANNEL}})
ENTER = f"40{json.dumps({'channels': [CHANNEL]})}"
AT_ENGINE = "/socket.io/?EIO=4&transport=websocket"
IN_JSON, IN_PUSHER = '"content":"', f'"channel":"{CHANNEL}","data":"'
IN_PACKET = '42["message","'
DIALECTS = (
    Dialect(
        "ours, JSON",
        ("--path", f"/?format=json&channels={CHANNEL}", "--greeted", "1", "--find", IN_JSON),
    ),
    Dialect(
        "ours, Pusher",
        ("--path", f"/app/{KEY}", "--greeted", "2", "--say", SUBSCRIBE, "--find", IN_PUSHER),
    ),
    Dialect(
        "ours, Socket.IO",
        ("--path", AT_ENGINE, "--socketio", "1", "--say", ENTER, "--find", IN_PACKET),
    ),
)


def run(lab: Lab, plan: Plan) -> list[Table]:
    """One table of listeners, one of pushes; those of a round take turns."""
    rounds = [_round(lab, plan) for _ in range(plan.of(5, 1, 1))]
    conditions = (
        f"{plan.of(1000, 500, 50):,} clients on one channel, {SIZE} bytes, instant; all dialects "
        f"are on. Alone: {RATE:g} LPUSHes a second. In flight: {IN_FLIGHT} pushes over HTTP. A "
        "connect ends when the client is subscribed. Memory: Pss, "
        f"{plan.of(4000, 1000, 100):,} connections more. Medians of {len(rounds)} rounds; of the "
        "ratios, too."
    )
    claims = [
        Claim(f"{dialect.name}, {what}: CPU × JSON", median_ratio(rounds, at, 0, column), 1.3)
        for at, dialect in enumerate(DIALECTS[1:], start=1)
        for column, what in ((ALONE, "a message alone"), (TOGETHER, f"{IN_FLIGHT} in flight"))
    ]
    listeners = Table("Dialects", conditions, COLUMNS, medians(rounds), claims)
    return [listeners, _pushes(lab, plan)]


def _round(lab: Lab, plan: Plan) -> list[Row]:
    return [_measure(lab, plan, dialect) for dialect in DIALECTS]


def _measure(lab: Lab, plan: Plan, dialect: Dialect) -> Row:
    with ours.serving(lab, dialect.name, http=True, DELIVERY="instant", **SPOKEN) as server:
        subject = replace(server, client_flags=dialect.flags)
        return Row(
            dialect.name,
            (
                _alone(lab, subject, plan),
                *_in_flight(lab, subject, plan),
                *_connects(lab, subject, plan),
            ),
        )


def _alone(lab: Lab, server: Ours, plan: Plan) -> float:
    messages = plan.of(200, 60, 5)
    clients = connect(lab, server, plan.of(1000, 500, 50), messages)
    before = server.cpu_seconds()
    with server.publisher(SIZE, _on_channel) as publisher:
        publisher.paced(messages, RATE)
    outcome = clients.outcome()
    return (server.cpu_seconds() - before) / outcome.deliveries * 1e6


def _on_channel(content: bytes) -> bytes:
    return item_of(content.decode(), content, (CHANNEL,))


def _in_flight(lab: Lab, server: Ours, plan: Plan) -> tuple[float, float]:
    messages = plan.of(8000, 1000, 100)
    clients = connect(lab, server, plan.of(1000, 500, 50), messages, order="same")
    flags = ("--before", f"channel={CHANNEL}&content=", *FORM[:2])
    before = server.cpu_seconds()
    target = replace(server.target, flags=flags)
    pushes = start_pushes(lab, target, messages, SIZE, IN_FLIGHT)
    outcome = clients.outcome()
    used = (server.cpu_seconds() - before) / outcome.deliveries * 1e6
    pushed(lab, pushes)
    return used, outcome.deliveries / outcome.seconds


def _connects(lab: Lab, server: Ours, plan: Plan) -> Iterator[float]:
    """The CPU time of one, how many a second, and the memory that each takes."""
    few, more = plan.of(1000, 500, 50), plan.of(4000, 1000, 100)
    first = connect(lab, server, few, 0, hold=1)
    sleep(SETTLE[plan.size])
    memory, before = server.memory_bytes(), server.cpu_seconds()
    second = start_clients(lab, server, more, 0, hold=1)
    seconds = second.ready()
    yield (server.cpu_seconds() - before) / more * 1e6
    yield more / seconds
    sleep(SETTLE[plan.size])
    yield (server.memory_bytes() - memory) / more / 1024
    for clients in (first, second):
        clients.release()


def _pushes(lab: Lab, plan: Plan) -> Table:
    """What a backend with a library of Pusher's posts, against `/push`."""
    body = lab.folder / "event.json"
    event = {"name": EVENT, "channels": [CHANNEL], "data": "x" * SIZE}
    body.write_text(json.dumps(event))
    targets = {
        "ours, /push": ("/push", (*FORM[:2], "--before", f"channel={CHANNEL}&content=")),
        "ours, Pusher's events": (
            signed(f"/apps/{APP}/events", body.read_bytes()),
            ("--type", "application/json", "--body", str(body)),
        ),
    }
    rounds = [
        [_rate(lab, name, *target, plan) for name, target in targets.items()]
        for _ in range(plan.of(3, 1, 1))
    ]
    conditions = (
        f"{MANY} keep-alive connections, each with one message of {SIZE} bytes to one channel "
        "under way; nobody listens. Pusher's are signed, and the same each time. Medians of "
        f"{len(rounds)} rounds."
    )
    return Table("Pushes of a dialect", conditions, PUSHES, medians(rounds))


def _rate(lab: Lab, name: str, path: str, flags: tuple[str, ...], plan: Plan) -> Row:
    seconds = (1.5, 0.7, 0.1)[plan.size]
    with (
        ours.redis(lab) as redis_port,
        ours.http_api(lab, redis_port, name, flags, **SPOKEN) as server,
    ):
        target = replace(server.target, path=path)
        warm = push_for(lab, target, WARM_UP, MANY).requests
        before = server.cpu_seconds()
        done = push_for(lab, target, seconds, MANY)
        used = (server.cpu_seconds() - before) / done.requests * 1e6
        ours.check_queue(redis_port, warm + done.requests)
    return Row(name, (done.requests / done.seconds, used, done.p50_ms, done.p99_ms))


def signed(path: str, body: bytes) -> str:
    """A path that says who posts this body: it can be posted again for ten minutes."""
    said = (
        f"auth_key={KEY}&auth_timestamp={int(time())}&auth_version=1.0"
        f"&body_md5={hashlib.md5(body).hexdigest()}"  # noqa: S324
    )
    text = f"POST\n{path}\n{said}".encode()
    return f"{path}?{said}&auth_signature={signature(App(APP, KEY, SECRET), text)}"
