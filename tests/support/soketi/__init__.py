"""The tests of soketi, another server of Pusher's protocol: unchanged, but at our processes.

SOKETI names the folder of its sources. Where its tests import soketi, they find the files of this
folder: one address with an HTTP API and a WebSocket server of ours behind it. Both are started once
for each set of settings. Each test runs by itself, as one that fails leaves clients behind.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.support.processes import free_port
from tests.support.programs import need, need_folder, need_long, run
from tests.support.system import System

HERE = Path(__file__).parent
FILES = ("public", "private", "encrypted-private", "presence", "ws", "http-api", "webhooks")
PORTS = (6001, 6002, 3001, 9601, 11002)  # Those in its tests.
TITLE = re.compile(r"^    (?:test|Utils\.shouldRun\(.*\))\('([^']*)'", re.MULTILINE)
MOSTLY = {"PUSHER_APPS": "app-id:app-key:app-secret", "hasWebhooks": False}  # See `server.ts`.
AT_ONCE = 3
LONGEST = 120.0  # Seconds of a test.
PACKAGES = (
    *("jest@26", "jest-circus@26", "ts-jest@26", "typescript@4.5", "tslib@2"),
    *("axios@0.27", "async@3", "body-parser@1", "express@4", "tcp-port-used@1", "uuid@8"),
    *("pusher@5", "pusher-js@7"),
)

Ports = Mapping[str, int]


class Starter:
    """Tells the ports of processes with some settings, and starts them if there are none yet."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._lock = threading.Lock()
        self._known: dict[str, Ports] = {}

    def ports(self, settings: dict[str, Any], place: int) -> Ports:
        """Of processes that nobody else has."""
        with self._lock:
            key = f"{place} {sorted(settings.items())}"
            if key not in self._known:
                self._known[key] = self._start(settings, len(self._known))
            return self._known[key]

    def _start(self, settings: dict[str, Any], number: int) -> Ports:
        http, hook = free_port(), free_port()
        if settings.pop("hasWebhooks"):
            settings["PUSHER_WEBHOOKS"] = f"app-id:http://127.0.0.1:{hook}/"
        settings |= {"MESSAGE_CENTER_KEY": f"soketi-{number}", "DELIVERY": "instant"}
        self._system.start_http(http, **settings)
        _, ws = self._system.start_ws(**settings)
        return {"http": http, "ws": ws, "hook": hook}


@contextmanager
def listening(starter: Starter) -> Iterator[str]:
    """The address at which the tests ask it."""

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = json.dumps(starter.ports(body["settings"], body["at"])).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def their_tests() -> Path:
    """Where they are; skipped where nobody says it."""
    need_long()
    need("npm")
    need_folder("SOKETI")
    return Path(os.environ["SOKETI"]) / "tests"


def failures(system: System, sources: Path, folder: Path) -> set[str]:
    """The tests that do not pass, as `FILE: TITLE`; all that there are run."""
    run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), *PACKAGES], folder)
    places: SimpleQueue[Path] = SimpleQueue()
    starter = Starter(system)
    for place in range(AT_ONCE):
        ports = {port: free_port() for port in PORTS}
        places.put(_prepared(folder / f"{place}", sources, ports))
        # Most tests want these, and wait 20 seconds for all that they do.
        starter.ports(dict(MOSTLY), ports[PORTS[0]])
    with listening(starter) as address, ThreadPoolExecutor(AT_ONCE) as pool:
        names = chain.from_iterable(
            ((file, title) for title in TITLE.findall((sources / f"{file}.test.ts").read_text()))
            for file in FILES
        )
        told = pool.map(lambda name: _complaint(places, address, *name), names)
        return set(filter(None, told))


def _prepared(folder: Path, sources: Path, ports: Mapping[int, int]) -> Path:
    """Its tests with ports of their own, and our files in the place of soketi's."""
    any_port = re.compile(rf"\b({'|'.join(map(str, ports))})\b")
    for kind, files in (("tests", sources.glob("*.ts")), ("src", HERE.glob("*.ts"))):
        (folder / kind).mkdir(parents=True)
        for file in files:
            text = any_port.sub(lambda found: str(ports[int(found[0])]), file.read_text("utf-8"))
            (folder / kind / file.name).write_text(text, "utf-8")
    shutil.copy(HERE / "jest.config.js", folder)
    return folder


def _complaint(places: SimpleQueue[Path], address: str, file: str, title: str) -> str:
    """The name of a test if it fails, else nothing; so with one that does not run at all."""
    folder = places.get()
    jest = folder.parent / "node_modules" / ".bin" / "jest"
    command = [str(jest), "--forceExit", "--json", "--outputFile=told.json"]
    command += [f"tests/{file}.test.ts", "-t", f"test {re.escape(title)}$"]
    environment = {**os.environ, "STARTER": address, "RETRY_TIMES": "0"}
    try:
        subprocess.run(
            command, cwd=folder, env=environment, check=False, capture_output=True, timeout=LONGEST
        )
        told = json.loads((folder / "told.json").read_text("utf-8"))
        is_failed = told["numFailedTests"] > 0
    except subprocess.TimeoutExpired:
        is_failed = True
    finally:
        places.put(folder)
    return f"{file}: {title}" if is_failed else ""
