"""PUSH_TOKENS_FILE and SIGHUP, with the real process: who may push changes, and nothing is lost."""

import os
import signal
import threading
from pathlib import Path

from tests.support.processes import Process, free_port, wait_until
from tests.support.system import KEY, System

OLD, NEW = "0123456789abcdef-old", "0123456789abcdef-new"


def write(system: System, text: str) -> Path:
    """The file, put in place at once."""
    path, beside = system.folder / "push-tokens", system.folder / "beside"
    beside.write_text(text)
    return beside.rename(path)


def push(system: System, token: str, content: str = "a", more: str = "") -> int:
    authorization = f"Bearer {token}"
    return system.call(f"/push?content={content}{more}", Authorization=authorization)[0]


class Load:
    """Pushes without a pause, each over a connection of its own, until it is told to stop."""

    def __init__(self, system: System, token: str) -> None:
        self._system, self._token = system, token
        self.statuses: list[int] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.is_set():
            self.statuses.append(push(self._system, self._token, f"{len(self.statuses)}"))

    def end(self) -> list[int]:
        self._is_over.set()
        self._thread.join()
        return self.statuses


def reread(process: Process, said: str) -> None:
    """Have it read again; until the log says so, and the new workers are alone."""
    before, count = set(process.children()), process.output.count(said)
    process.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: process.output.count(said) > count, said)
    wait_until(lambda: before.isdisjoint(process.children()), "the old worker is gone")


def test_a_hang_up_adds_and_takes_away_tokens_and_loses_no_push(system: System) -> None:
    keep = "0123456789abcdef-keep"
    path = write(system, f"keep:{keep}\nold:{OLD} push=news\n")
    process = system.start_http(PUSH_TOKENS_FILE=path)
    assert [push(system, token) for token in (keep, OLD, NEW)] == [200, 403, 401]
    assert push(system, OLD, more="&channel=news") == 200
    system.redis.delete(KEY)
    load = Load(system, keep)

    write(system, f"keep:{keep}\nnew:{NEW} everybody\n")
    reread(process, "2 tokens now; new: new; gone: old")
    assert [push(system, token, "x") for token in (OLD, NEW)] == [401, 200]
    write(system, "new:")  # Half of it.
    reread(process, "The tokens from before are still those that count")
    assert [push(system, token, "x") for token in (OLD, NEW)] == [401, 200]

    statuses = load.end()
    assert set(statuses) == {200}
    queued = [int(item) for item in system.redis.lrange(KEY, 0, -1) if item != b"x"]
    assert queued == list(reversed(range(len(statuses))))
    assert "0123456789abcdef" not in process.output
    assert "[ERROR] PUSH_TOKENS_FILE: line 1 of " in process.output


def test_a_worker_that_dies_is_replaced_with_the_tokens_that_count_now(system: System) -> None:
    path = write(system, f"old:{OLD}\n")
    process = system.start_http(PUSH_TOKENS_FILE=path)
    write(system, f"new:{NEW}\n")
    reread(process, "1 tokens now")
    path.unlink()

    (worker,) = process.children()
    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: process.children() not in ([], [worker]), "another worker")
    system.wait_until_ready(process, system.http_port)
    assert [push(system, token) for token in (OLD, NEW)] == [401, 200]


def test_a_file_that_cannot_be_used_stops_the_start(system: System) -> None:
    path = write(system, f"a b:{OLD}")
    process = system.start("-m", "http_api", HTTP_PORT=free_port(), PUSH_TOKENS_FILE=path)

    assert process.popen.wait(20) == 1
    assert "Error: PUSH_TOKENS_FILE: line 1 of " in process.output
    assert OLD not in process.output


def test_where_others_reach_it_the_file_is_enough(system: System) -> None:
    path = write(system, f"a:{OLD}")

    system.start_http(HTTP_HOST="127.1", PUSH_TOKENS_FILE=path)

    assert system.call("/about")[0] == 401
    about = system.call("/about", Authorization=f"Bearer {OLD}")[1]
    assert about["push"] == {"tokens": True, "scope": None}
