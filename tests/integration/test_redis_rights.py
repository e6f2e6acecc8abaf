"""The rights on Redis that docs/security.md lists are enough, and none is for nothing."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.processes import ROOT, Process, wait_until
from tests.support.redis_servers import Server
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT, Client

LINE = re.compile(r"^ACL (SETUSER (message-center-\w+|your-backend) on .*)$", re.MULTILINE)
PASSWORD, EPOCH = "PASSWORD", f"{{{KEY}}}:epoch"
FAST: dict[str, Any] = {"POLL_INTERVAL": 0.05, "WINDOW_BYTES": 1, "HISTORY_SIZE": 5000}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """With the users of docs/security.md; who has no name may do everything."""
    with closing(Server(tmp_path / "redis")) as server:
        for rule, _ in LINE.findall((ROOT / "docs/security.md").read_text()):
            server.redis.execute_command("ACL", *rule.split())
        yield server


def commands_of(server: Server, *users: str) -> set[str]:
    """All commands that these users may use."""
    rules = [server.redis.acl_getuser(user)["commands"] for user in users]
    return {rule.removeprefix("+") for each in rules for rule in each if rule.startswith("+")}


def used(server: Server) -> set[str]:
    """All commands that somebody has used, in a script or not."""
    return {name.removeprefix("cmdstat_").lower() for name in server.redis.info("commandstats")}


def start(system: System, server: Server, user: str) -> None:
    system.redis_url = f"redis://message-center-{user}:{PASSWORD}@{server.address}/0"


def json_client(port: int, query: str) -> Client:
    return Client(port, f"/?format=json&channels=orders&{query}")


@contextmanager
def listeners(system: System, *ports: int) -> Iterator[None]:
    """One at each port, of whom Redis knows."""
    with ExitStack() as stack:
        for port in ports:
            first(stack.enter_context(json_client(port, "")))
        wait_until(
            lambda: system.call("/channels/orders")[1]["connections"] == len(ports), "presence"
        )
        yield


def first(client: Client) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(client.texts(1)[0])
    return row


def contents_upto(client: Client, last: str) -> list[str]:
    found: list[str] = []
    while last not in found:
        found.append(first(client).get("content", ""))
    return found


def use_http(system: System) -> None:
    def post(path: str, document: object, **headers: str) -> int:
        data = json.dumps(document).encode()
        return system.call(path, data, "POST", content_type="application/json", **headers)[0]

    assert post("/push", {"content": "plain"}) == 200
    assert post("/push", {"content": "once"}, idempotency_key="1") == 200
    assert post("/push", {"content": "to some", "channels": ["orders"], "users": [42]}) == 200
    assert post("/push/batch", ["a", {"content": "b", "id": "2"}]) == 200
    assert system.call("/users/42")[0] == 200
    assert system.call("/channels/orders")[0] == 200
    assert system.call("/users/42/connections", method="DELETE")[0] == 200
    assert system.call("/readyz")[0] == 200


def use_reads(system: System) -> None:
    for path in ("/users", "/channels", "/messages", "/messages?last=1"):
        assert system.call(path)[0] == 200
    assert system.call("/stats")[1]["redis"]["server"].startswith("Valkey ")
    events = f"http://127.0.0.1:{system.http_port}/messages/events?last=1"
    with urllib.request.urlopen(events, timeout=LIMIT) as stream:
        assert system.push("seen")[0] == 200
        while b'"seen"' not in stream.readline():
            pass


def use_ws(server: Server, port: int) -> None:
    push = server.redis.lpush
    with json_client(port, "last=1000") as live:  # More than it has in memory.
        start_id = first(live)["id"]
        push(KEY, *[f"{port} {number}" for number in range(600)], b"\x1eunreadable", f"{port} end")
        contents_upto(live, f"{port} end")
        with json_client(port, f"last_id={start_id}") as resumed:
            assert first(resumed)["complete"]
            contents_upto(resumed, f"{port} end")
        push(KEY, *["x"] * 6000, f"{port} newer")
        contents_upto(live, f"{port} newer")
    with json_client(port, f"last_id={start_id}") as late:
        # If the other process has settled last, this one finds out when it reads.
        assert "gap" in (first(late)["type"], first(late)["type"])
    with json_client(port, f"client={port}") as remembered:
        assert "again" in first(remembered)
    with json_client(port, f"last_id={start_id.partition('-')[0]}-1-1") as odd:
        assert first(odd)["type"] == "gap"


def test_the_documented_rights_are_enough_and_none_is_for_nothing(
    tmp_path: Path, server: Server
) -> None:
    with System(tmp_path, "redis://nobody") as system:
        start(system, server, "http")
        http = system.start_http()
        start(system, server, "ws")
        timer, timer_port = system.start_ws(DELIVERY="timer", **FAST)
        instant, instant_port = system.start_ws(DELIVERY="instant", **FAST)
        processes = [http, timer, instant]
        use_http(system)
        for port in (timer_port, instant_port):
            use_ws(server, port)
        with listeners(system, instant_port, timer_port):
            use_reads(system)
        # They were known, so it is written that they have left.
        wait_until(lambda: "zrem" in used(server), "they are forgotten")
        with listeners(system, instant_port, timer_port):
            timer.stop()  # It gives its lease up,
            instant.kill_all()  # and what this one leaves is swept by another.
        processes.append(system.start_ws(DELIVERY="timer", **FAST)[0])
        wait_until(lambda: "srem" in used(server), "the dead process is swept", 20)

        # The driver goes on without telling its name.
        denied = {row["object"] for row in server.redis.acl_log()} - {"client|setinfo"}
        assert denied == set()
        assert "Redis is unavailable" not in "".join(map(_output, processes))
    wanted = commands_of(server, "message-center-http", "message-center-ws", "your-backend")
    assert wanted - used(server) == set()
    assert server.redis.lrange(f"{{{KEY}}}:rejected", 0, -1) == [b"\x1eunreadable"] * 2


def _output(process: Process) -> str:
    return process.output


def test_a_backend_may_push_and_nothing_else(server: Server) -> None:
    with closing(redis.Redis(port=server.port, username="your-backend", password=PASSWORD)) as php:
        assert php.lpush(KEY, "a") == 1
        for command in ("RPOP", KEY), ("GET", EPOCH), ("LPUSH", f"{{{KEY}}}:wip", "a"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                php.execute_command(*command)
