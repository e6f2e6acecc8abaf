"""What the tests of several packages share: one real Valkey for the whole session.

Property tests take the same examples every time; FUZZ_EXAMPLES=N takes N times as
many, new ones each time.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from _pytest.logging import LogCaptureHandler
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from common.store.connect import connect
from config import leftovers
from config.cli.embedded import EmbeddedValkey
from tests.support.spread import ByFile, ordered

# Nothing is garbage while tests are collected; to look for it took a quarter of the time.
gc.disable()

# `nohup` and a shell's `&` ignore them for all that they start; what we start would leave it so.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

if os.environ.keys() & {"LONG", "FUZZ_EXAMPLES"}:
    os.environ["PYTEST_TIMEOUT"] = "0"

FUZZ_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

settings.register_profile(
    "ours",
    max_examples=30 * (FUZZ_EXAMPLES or 1),
    derandomize=not FUZZ_EXAMPLES,
    print_blob=True,
    database=None,
    deadline=None,  # The machine may be busy.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ours")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = ordered(items, lambda item: (item.path.parent.name, item.path.stem))


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()  # What has been collected lives as long as the process.


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    config.option.loadscopereorder = False  # By the number of tests; ours is by their time.
    return ByFile(config, log)


def _started() -> set[str]:
    """The threads and processes that this process has now."""
    children = Path(f"/proc/self/task/{threading.main_thread().native_id}/children")
    # A server that several tests share may have a thread for each of its clients.
    threads = {
        f"thread {each.name}"
        for each in threading.enumerate()
        if "process_request_thread" not in each.name
    }
    return threads | {f"process {pid}" for pid in children.read_text().split()}


@pytest.fixture(autouse=sys.platform == "linux")
def _nothing_runs_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind.

    Those of integration share servers, which start some at any time; `System` ends its own.
    """
    before = _started()
    yield
    if "integration" not in request.path.parts:
        assert _started() - before == set()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A test may set up the log of a process, and those after it have none."""
    root, hook = logging.getLogger(), sys.excepthook
    level, handlers = root.level, set(root.handlers)
    yield
    sys.excepthook = hook
    root.setLevel(level)
    for each in set(root.handlers) - handlers:
        if not isinstance(each, LogCaptureHandler):
            root.removeHandler(each)


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """A private server; nothing is ever flushed, so a test takes the keys under its own `key`."""
    server = EmbeddedValkey.start(tmp_path_factory.mktemp("valkey"), 0)
    yield server
    server.stop()


@pytest.fixture
def client(valkey: EmbeddedValkey) -> Iterator[redis.Redis]:
    """To look at the keys, and to be any other producer."""
    client = connect(valkey.url, timeout=5, connections=8)
    yield client
    client.connection_pool.disconnect()


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that somebody keeps; a start waits but a moment for it."""
    monkeypatch.setattr(leftovers, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def key() -> str:
    """A MESSAGE_CENTER_KEY that no other test uses."""
    return f"test-{uuid4().hex}"
