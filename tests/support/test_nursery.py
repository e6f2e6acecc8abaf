"""A server that is forked is what a start from the beginning makes of it."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nursery import ROOT, can_fork
from tests.support.processes import Process, free_port
from tests.support.system import System
from tests.support.websocket import LIMIT

# What libraries keep of it: locks that are never held while another greenlet runs, and what servers
# do not use.
KEPT = {
    "click.globals.local",
    "jinja2.utils.Lock",
    "jwt.jwks_client.SSLContext",
    "werkzeug.routing.map.Lock",
    "werkzeug.routing.map.Map",
}
LOOK = """
import sys
from importlib import import_module
from tests.support.nursery import LIBRARIES, MASTER

for each in MASTER:
    import_module(each)
others = {*sys.modules}
for each in LIBRARIES:
    import_module(each)
from gevent import monkey
monkey.patch_all()
olds = [old for names in monkey.saved.values() for old in names.values()]
replaced = {id(old) for old in olds if callable(old)}
for name in {*sys.modules} - others:
    if name.partition(".")[0] in {*sys.stdlib_module_names, "gevent"}:
        continue
    for key, value in vars(sys.modules[name]).items():
        parts = [value]
        if isinstance(value, type) and value.__module__ == name:
            parts += [*value.__mro__, *vars(value).values()]
        if any(id(part) in replaced for part in parts):
            print(f"{name}.{key}")
"""


@pytest.fixture(scope="module", autouse=True)
def forking(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It stays, as it does for the tests that follow."""
    Process(["-m", "http_api"], tmp_path_factory.mktemp("first"), HTTP_PORT="none").popen.wait()


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with System(tmp_path) as system:
        yield system


def test_what_is_loaded_before_keeps_nothing_that_gevent_replaces() -> None:
    command = [sys.executable, "-W", "ignore", "-c", LOOK]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(found.stdout.splitlines()) == KEPT


def test_only_servers_as_usual_are_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONG", raising=False)
    assert can_fork(["-m", "ws_server"], {"WS_PORT": 1})
    assert not can_fork(["-m", "ws_server"], {"PYTHONPATH": "."})
    assert not can_fork(["-m", "config.cli", "serve"], {})
    monkeypatch.setenv("LONG", "1")
    assert not can_fork(["-m", "ws_server"], {})


@pytest.mark.integration
def test_it_has_its_settings_its_folder_and_its_output(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("POLL_INTERVAL=often\n")
    process = Process(["-m", "ws_server"], tmp_path, WS_PORT=free_port())

    assert process.popen.wait(LIMIT) == 1
    assert "POLL_INTERVAL" in process.output


@pytest.mark.integration
def test_it_serves_and_ends_by_signals(system: System) -> None:
    process = system.start_http()

    assert process.popen.poll() is None
    assert len(process.children()) == 1
    with pytest.raises(subprocess.TimeoutExpired):
        process.popen.wait(0)
    assert process.stop() == 0
    assert process.output.splitlines()[-1].endswith("http_api has ended")
    assert "Traceback" not in process.output
    process.popen.terminate()  # Nobody is there any more.
    assert system.start_http().stop(signal.SIGKILL) == -signal.SIGKILL


@pytest.mark.integration
def test_each_is_the_leader_of_its_group(system: System) -> None:
    one, (other, port) = system.start_http(), system.start_ws()

    one.kill_all()

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=LIMIT) as answer:
        assert answer.status == 200
    assert other.popen.poll() is None
