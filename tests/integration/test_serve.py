"""The command: everything with one command, and nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.cli.signals import STOPPING
from tests.support.processes import ROOT, Process, Serve, environment, free_port, wait_until
from tests.support.system import PREFIX, System
from tests.support.websocket import LIMIT, Client

NOT_OURS = ("config.py", "common.py", "http_api.py", "ws_server.py")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture(autouse=True)
def _none_is_left() -> Iterator[None]:
    """A test that fails must not leave its processes behind either."""
    yield
    while Serve.started:
        serve = Serve.started.pop()
        if serve.popen.poll() is None:
            serve.kill_all()  # What is below it ends with it.


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """One for the tests that leave it as it is, in a folder with modules that are not ours."""
    folder = tmp_path_factory.mktemp("running")
    for name in NOT_OURS:
        (folder / name).write_text("raise RuntimeError('not ours')")
    serve = Serve(folder, ["-P", "-m", "config.cli", "serve"])
    Serve.started.remove(serve)
    try:
        serve.wait_for_addresses()
        yield serve
        assert serve.stop() == 0
    finally:
        if serve.popen.poll() is None:
            serve.kill_all()


def after(program: str) -> list[str]:
    """The command `serve` after this Python, in the same process."""
    return ["-c", f"{program}; from config.cli.cli import main; main(['serve'])"]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pids: dict[int, str]) -> None:
    wait_until(lambda: not any(map(is_running, pids)), f"the end of {pids}", LIMIT * 2)


def run(folder: Path, *command: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.cli", *command],
        check=False,
        env=environment(**settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT * 2,
    )


def test_serve_prints_the_addresses_and_a_push_reaches_a_listener(
    tmp_path: Path, system: System
) -> None:
    serve = Serve(tmp_path)
    serve.wait_for_addresses()
    addresses = {"HTTP_PORT": serve.http_port, "WS_PORT": serve.ws_port}
    assert f"http://127.0.0.1:{serve.http_port}/" in serve.output
    assert f"ws://127.0.0.1:{serve.ws_port}/" in serve.output
    (redis_url,) = re.findall(r"^  Redis +(redis://127\.0\.0\.1:\d+/0)", serve.output, re.MULTILINE)
    with urllib.request.urlopen(f"http://127.0.0.1:{serve.http_port}/about") as answer:
        about = json.load(answer)
    assert (about["redis"]["url"], about["listen"]["port"]) == (redis_url, serve.ws_port)

    listener = Process(["-u", "-m", "config.cli", "listen"], tmp_path, **addresses)
    wait_until(lambda: "connected to" in listener.output, "the listener")
    pushed = run(tmp_path, "push", "消息 😀", **addresses)
    wait_until(lambda: PREFIX + "消息 😀" in listener.output, "the message")

    assert (pushed.returncode, pushed.stdout) == (0, '{"code":0,"msg":"success"}\n')
    assert run(tmp_path, "push", "", **addresses).returncode == 1
    assert serve.stop(signal.SIGINT) == 0
    wait_until(lambda: "trying again" in listener.output, "the listener trying again")
    assert listener.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("number", [*STOPPING, signal.SIGKILL])
def test_however_serve_ends_it_leaves_no_process_behind(tmp_path: Path, number: int) -> None:
    serve = Serve(tmp_path)
    serve.wait_for_addresses()
    below = serve.descendants()
    assert len(below) == 5  # Valkey; two masters and a worker of each.

    os.kill(serve.pid, number)
    status = serve.popen.wait(LIMIT * 2)

    assert status == (-9 if number == signal.SIGKILL else 0)
    wait_until_gone(below)


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    ours, its = os.openpty()
    take_it = f"import os; os.open({os.ttyname(its)!r}, os.O_RDWR)"
    serve = Serve(tmp_path, after(take_it))
    serve.wait_for_addresses()
    below = serve.descendants()

    os.close(its)
    os.close(ours)

    assert serve.popen.wait(LIMIT * 2) == 0
    wait_until_gone(below)


def test_without_a_terminal_a_reload_is_passed_on_to_both_servers(tmp_path: Path) -> None:
    """As by `systemctl reload`."""
    tokens = tmp_path / "tokens"
    tokens.write_text("old:0123456789abcdef\n")
    serve = Serve(tmp_path, PUSH_TOKENS_FILE=tokens)
    serve.wait_for_addresses()
    valkey = next(pid for pid, command in serve.descendants().items() if "valkey" in command)

    with Client(serve.ws_port) as client:
        assert client.status == 101
        tokens.write_text("new:fedcba9876543210\n")
        os.kill(serve.pid, signal.SIGHUP)
        assert client.close_code() == 1012

    def pushed() -> int:
        token = "fedcba9876543210"
        return run(tmp_path, "push", "hi", "--token", token, HTTP_PORT=serve.http_port).returncode

    wait_until(lambda: pushed() == 0, "the new token is taken", LIMIT * 2)
    assert is_running(valkey)
    assert serve.stop() == 0


def test_signals_that_mean_nothing_or_were_ignored_at_the_start_end_nothing(tmp_path: Path) -> None:
    """They are ignored by nohup, and by the `&` of a script."""
    ignored = (signal.SIGHUP, signal.SIGINT)
    ignore = "import signal; " + "; ".join(
        f"signal.signal({int(number)}, signal.SIG_IGN)" for number in ignored
    )
    serve = Serve(tmp_path, after(ignore))
    serve.wait_for_addresses()

    with Client(serve.ws_port) as client:
        assert client.status == 101
        for number in (*ignored, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
            os.kill(serve.pid, number)

        # A stop would have told the client long before the second is over.
        with pytest.raises(TimeoutError):
            client.texts(1, limit=1)
    assert serve.popen.poll() is None
    assert serve.stop() == 0


def test_a_start_right_after_a_kill_waits_for_what_it_left(tmp_path: Path) -> None:
    first = Serve(tmp_path, EMBEDDED_REDIS_PORT=free_port())
    first.wait_for_addresses()
    wanted: dict[str, Any] = {
        "HTTP_PORT": first.http_port,
        "WS_PORT": first.ws_port,
        "EMBEDDED_REDIS_PORT": re.search(r"redis://127\.0\.0\.1:(\d+)", first.output)[1],  # type: ignore[index]
    }
    with Client(first.ws_port) as client:  # Its farewell takes a moment.
        assert client.status == 101
        os.kill(first.pid, signal.SIGKILL)
        second = Serve(tmp_path, **wanted)
        second.wait_for_addresses()

    assert f"redis://127.0.0.1:{wanted['EMBEDDED_REDIS_PORT']}/0" in second.output
    assert second.stop() == 0


@pytest.mark.parametrize(
    ("victim", "changed"),
    [("http_api", "pass"), ("ws_server", "import os; del os.waitid, os.P_ALL"), ("valkey", "pass")],
)
def test_if_one_dies_all_stop_and_it_is_named(tmp_path: Path, victim: str, changed: str) -> None:
    """Also without `waitid`, which macOS has since Python 3.13 only."""
    serve = Serve(tmp_path, after(changed))
    serve.wait_for_addresses()
    below = serve.descendants()

    os.kill(next(pid for pid in serve.children() if victim in below[pid]), signal.SIGKILL)

    assert serve.popen.wait(LIMIT * 2) == 1
    assert f"{victim} ended with signal SIGKILL" in serve.output
    assert "Traceback" not in serve.output
    wait_until_gone(below)


def test_what_was_pushed_survives_a_restart(tmp_path: Path) -> None:
    first = Serve(tmp_path, POLL_INTERVAL=60)  # It is stopped before it has looked.
    first.wait_for_addresses()
    assert run(tmp_path, "push", "kept", HTTP_PORT=first.http_port).returncode == 0
    first.stop()

    second = Serve(tmp_path)
    second.wait_for_addresses()
    with Client(second.ws_port, "/?last=1") as client:
        assert client.texts(1) == [PREFIX + "kept"]
    second.stop()


def test_modules_in_the_folder_of_the_start_do_not_stand_in_for_ours(running: Serve) -> None:
    for name in NOT_OURS:
        assert (running.log.parent / name).exists()
    assert running.popen.poll() is None
    assert "not ours" not in running.output


def test_a_second_serve_on_the_same_data_is_refused(running: Serve, tmp_path: Path) -> None:
    second = Serve(tmp_path, DATA_DIR=running.log.parent / "data")

    assert second.popen.wait(LIMIT * 2) == 1
    assert "DATA_DIR: another message-center is running" in second.output


def test_a_second_serve_at_the_same_ports_is_refused_soon(running: Serve, tmp_path: Path) -> None:
    ports: dict[str, Any] = {"HTTP_PORT": running.http_port, "WS_PORT": running.ws_port}
    second = Serve(tmp_path, **ports)

    assert second.popen.wait(LIMIT * 2) == 1
    assert f"HTTP_PORT: cannot use 127.0.0.1:{running.http_port}" in second.output
    assert "waiting" not in second.output


@pytest.mark.parametrize("command", ["serve", "http", "ws"])
def test_a_folder_of_the_start_that_is_gone_is_told(tmp_path: Path, command: str) -> None:
    (tmp_path / "gone").mkdir()
    go = "import os, sys; os.chdir('gone'); os.rmdir('../gone'); "
    program = go + f"from config.cli.cli import main; main(['{command}'])"

    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT * 2,
    )

    assert done.returncode == 1
    assert done.stderr == "Error: the folder of the start is gone; start in another one\n"


def test_one_port_for_both_is_refused_by_name(tmp_path: Path) -> None:
    serve = Serve(tmp_path, HTTP_PORT=8099, WS_PORT=8099)

    assert serve.popen.wait(LIMIT) == 1
    assert "WS_PORT: must differ from HTTP_PORT, which is 8099, too" in serve.output


@pytest.mark.parametrize("command", ["serve", "http", "ws", "push", "listen"])
def test_a_bad_setting_stops_every_command_by_name(tmp_path: Path, command: str) -> None:
    arguments = [command, "text"] if command == "push" else [command]

    done = run(tmp_path, *arguments, WS_PORT="many", DATA_DIR=tmp_path / "data")

    assert done.returncode != 0
    assert "WS_PORT: must be a whole number from 1 to 65535, not 'many'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_stops_the_start_and_the_right_one_is_hinted(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DELIVERRY=instant\n")

    done = run(tmp_path, "ws")

    assert done.returncode == 1
    assert "DELIVERRY: there is no such setting; did you mean DELIVERY?" in done.stderr


def test_a_worker_class_that_does_not_exist_stops_the_start_by_name(system: System) -> None:
    process = system.start("-m", "ws_server", WS_PORT=free_port(), WORKER_CLASS="nowhere:Worker")

    assert process.popen.wait(LIMIT * 2) != 0
    assert "WORKER_CLASS: cannot load nowhere:Worker" in process.output


def test_a_taken_port_is_named(system: System) -> None:
    _, port = system.start_ws()

    done = run(system.folder, "ws", WS_PORT=port)

    assert done.returncode == 1
    assert f"WS_PORT: cannot use 127.0.0.1:{port}: Address already in use" in done.stderr


def test_push_without_a_server_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "push", "hello", HTTP_PORT=free_port())

    assert done.returncode == 1
    assert "no answer from http://127.0.0.1:" in done.stderr


def test_a_server_that_starts_without_redis_refuses_clients_until_it_is_there(
    system: System,
) -> None:
    system.stop_redis()
    port = free_port()
    process = system.start("-m", "ws_server", WS_PORT=port, POLL_INTERVAL=0.05)
    wait_until(lambda: "Redis is unavailable" in process.output, "the outage noticed")
    with Client(port) as early:
        assert early.status == 503
        assert "retry-after: " in early.head.lower()
    system.start_redis()

    wait_until(lambda: "Redis is back" in process.output, "Redis noticed")
    (client,) = system.connect(port)
    system.redis.lpush("message_center", "hello")
    assert client.texts(1) == [PREFIX + "hello"]
