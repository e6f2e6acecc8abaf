"""The commands `push -` and `listen --json` end to end, while the servers are killed with -9."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.processes import ROOT, Process, environment, wait_until
from tests.support.system import KEY, System
from tests.support.websocket import LIMIT

# PIPED_LINES=100000 PIPED_KILLS=20 takes as many as have been tried.
LINES = int(os.environ.get("PIPED_LINES", "8000"))
KILLS = int(os.environ.get("PIPED_KILLS", "3"))


@contextmanager
def command(*arguments: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """`message-center`, with pipes; killed at the end if it still runs."""
    found = {"PYTHONPATH": f"{ROOT}:{ROOT}/clients/python", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "config.cli", *arguments],
        env={**environment(**settings), **found},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def waiting(system: System) -> int:
    """How many messages are in the queue; no WebSocket server takes them."""
    return int(system.redis.llen(KEY))


def queued(system: System) -> list[str]:
    """All messages of the queue, in the order of their pushes."""
    return [bytes(each).decode() for each in reversed(system.redis.lrange(KEY, 0, -1))]  # type: ignore[arg-type]


def test_lines_through_a_pipe_come_once_and_in_order_over_kills(system: System) -> None:
    lines = [f"line {number} 行" for number in range(1, LINES + 1)]
    http = system.start_http()
    with command("push", "-", HTTP_PORT=system.http_port) as pushing:
        assert pushing.stdin is not None
        for kill in range(KILLS):
            part = lines[kill * LINES // KILLS : (kill + 1) * LINES // KILLS]
            before = waiting(system)
            half = len(part) // 2
            pushing.stdin.write("".join(f"{line}\n" for line in part[:half]))
            pushing.stdin.flush()
            wait_until(lambda seen=before: waiting(system) > seen, "some of them")  # type: ignore[misc]
            http.kill_all()
            # A pipe holds less than these: so some of it must be read by who waits for the API.
            pushing.stdin.write("".join(f"{line}\n" for line in part[half : half + 100]))
            http = system.start_http()
            pushing.stdin.write("".join(f"{line}\n" for line in part[half + 100 :]))
        said, error = pushing.communicate(timeout=LIMIT * 6)

    assert (pushing.returncode, error) == (0, "")
    assert json.loads(said) == {"code": 0, "count": LINES, "msg": "success"}
    assert queued(system) == lines


def test_the_same_lines_under_the_same_id_go_on_where_they_stopped(system: System) -> None:
    lines = [f"line {number}" for number in range(3000)]
    http = system.start_http()
    ask = ["push", "-", "--id", "import-1"]
    with command(*ask, HTTP_PORT=system.http_port) as pushing:
        assert pushing.stdin is not None
        pushing.stdin.write("".join(f"{line}\n" for line in lines[:1700]))
        pushing.stdin.flush()
        wait_until(lambda: waiting(system) == 1700, "the first ones")
        pushing.kill()
    http.stop()
    system.start_http()

    with command(*ask, HTTP_PORT=system.http_port) as pushing:
        said, _ = pushing.communicate("\n".join(lines), timeout=LIMIT * 2)

    assert json.loads(said)["count"] == 3000
    assert queued(system) == lines


def test_what_is_piped_in_is_listened_to_over_a_kill(system: System) -> None:
    """`push - --json` and `listen --json`: each message once, for whom it is."""
    system.start_http(PUSH_TOKENS="backend:0123456789abcdef")
    ws, port = system.start_ws(POLL_INTERVAL=0.02)
    url = f"ws://127.0.0.1:{port}/"
    token = "0123456789abcdef"
    with command("listen", url, "--channel", "orders", "--json") as listening:
        assert listening.stderr is not None
        assert listening.stdout is not None
        assert listening.stderr.readline() == f"connected to {url}?channels=orders\n"
        for start in (0, 10):
            rows = [
                {"content": f"订单 {number}", "channel": ("orders", "others")[number % 2]}
                for number in range(start, start + 10)
            ]
            said = "".join(json.dumps(row) + "\n" for row in rows)
            push = ["push", "-", "--json", "--token", token]
            with command(*push, HTTP_PORT=system.http_port) as pushing:
                assert pushing.communicate(said, timeout=LIMIT)[1] == ""
            found = [json.loads(listening.stdout.readline()) for _ in range(5)]
            expected = [f"订单 {number}" for number in range(start, start + 10, 2)]
            assert [row["content"] for row in found] == expected
            assert {row["channel"] for row in found} == {"orders"}
            ws = killed_and_back(system, ws, port)


def killed_and_back(system: System, ws: Process, port: int) -> Process:
    ws.kill_all()
    return system.start_ws(port, POLL_INTERVAL=0.02)[0]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_refusal_that_cannot_pass_is_said_and_ends_listening(
    system: System, options: list[str]
) -> None:
    _, port = system.start_ws(SUBSCRIBE_SECRET="0" * 32)
    with command("listen", f"ws://127.0.0.1:{port}/", *options) as listening:
        said, error = listening.communicate(timeout=LIMIT)

    assert (listening.returncode, said) == (1, "")
    assert "401: unauthorized: a token is needed to listen" in error


def test_a_push_through_a_pipe_that_is_refused_ends_with_status_1(system: System) -> None:
    system.start_http(PUSH_TOKENS="backend:0123456789abcdef")
    with command("push", "-", "--token", "wrong", HTTP_PORT=system.http_port) as pushing:
        said, error = pushing.communicate("a\nb\n", timeout=LIMIT)

    assert (pushing.returncode, said) == (1, "")
    assert error.startswith("Error: 401: unauthorized: ")
    assert "lines pushed: 0" in error
