"""`/metrics` of real processes with two workers each: what is counted, also when workers die.

And a real Prometheus, with the rules and the configuration of docs/prometheus, that reads them.
"""

import json
import os
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.processes import ROOT, Process, free_port, wait_until
from tests.support.system import System
from tests.support.websocket import LIMIT, Client

TOKEN = "a-token-of-prometheus"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SETTINGS: dict[str, Any] = {
    "METRICS_TOKEN": TOKEN,
    "HTTP_WORKERS": 2,
    "WS_WORKERS": 2,
    "DELIVERY": "instant",
}
DASHBOARD: Any = json.loads((ROOT / "docs/grafana/message-center.json").read_text("utf-8"))
FOLDER = ROOT / "docs" / "prometheus"


class Served(NamedTuple):
    system: System
    ws: Process
    ws_port: int

    def read(self, port: int | None = None) -> dict[tuple[str, ...], float]:
        """What the HTTP API shows, or the process at another port."""
        url = f"http://127.0.0.1:{port or self.system.http_port}/metrics"
        request = urllib.request.Request(url, headers=HEADERS)
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return {
            (sample.name.removeprefix("message_center_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }

    def wait_for(self, wanted: dict[tuple[str, ...], float], port: int | None = None) -> None:
        """Until all of it is shown, by whatever worker answers, two times in a row."""

        def is_shown() -> bool:
            return all(wanted.items() <= self.read(port).items() for _ in range(2))

        wait_until(is_shown, f"{wanted} in {self.read(port)}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with System(tmp_path_factory.mktemp("metrics")) as system:
        ws, ws_port = system.start_ws(**SETTINGS)
        system.start_http(**SETTINGS)
        yield Served(system, ws, ws_port)


@contextmanager
def prometheus(folder: Path, served: Served) -> Iterator[str]:
    """The address of one that reads both processes, as docs/prometheus has it, but every second."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "metrics.token").write_text(TOKEN)
    config: Any = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    ports = {"message-center-http": served.system.http_port, "message-center-ws": served.ws_port}
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{ports.pop(job['job_name'])}"]}]
    assert ports == {}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    words = ["prometheus", f"--config.file={folder}/prometheus.yml", "--storage.tsdb.path=data"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, f"--web.listen-address={address}"], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield f"http://{address}/api/v1"
    except BaseException:
        print((folder / "log").read_text())  # noqa: T201  # pytest shows it with the failure.
        raise
    finally:
        process.terminate()
        process.wait()


def ask(api: str, path: str, **query: str) -> Any:
    """What it answers; None while it does not."""
    try:
        url = f"{api}/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=LIMIT) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def rules(api: str) -> list[dict[str, Any]]:
    found = ask(api, "rules")
    return [] if found is None else [rule for group in found["groups"] for rule in group["rules"]]


def is_open(client: Client) -> bool:
    """Whether the server has kept a client that has read all of it."""
    client.socket.setblocking(False)
    try:
        return bool(client.socket.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_all_workers_count_together_and_what_dead_ones_counted_stays(served: Served) -> None:
    system, port = served.system, served.ws_port
    clients = system.connect(port, 8)
    for _ in range(6):
        assert system.push("a")[0] == 200
    served.wait_for({("pushes_total", "success"): 6, ("workers",): 2})
    served.wait_for({("log_messages",): 6})
    before: dict[tuple[str, ...], float] = {
        ("deliveries_total", "text"): 48,
        ("accepts_total", "accepted"): 8,
        ("settled_total",): 6,
        ("chunk_messages_sum",): 12,
    }
    served.wait_for({**before, ("connections", "text"): 8}, port)

    for client in clients:
        client.texts(6)
    victim = served.ws.children()[0]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in served.ws.children(), "a worker is gone")

    left = sum(is_open(client) for client in clients)
    served.wait_for({**before, ("connections", "text"): left, ("workers",): 2}, port)
    os.kill(served.ws.pid, signal.SIGHUP)
    served.wait_for({**before, ("connections", "text"): 0, ("workers",): 2}, port)
    served.wait_for({("closes_total", "1012"): left}, port)


@pytest.mark.skipif(
    not shutil.which("prometheus") and "CI" not in os.environ, reason="there is no Prometheus"
)
def test_a_real_prometheus_reads_both_and_takes_all_rules(served: Served, tmp_path: Path) -> None:
    with prometheus(tmp_path, served) as api:
        served.system.push("a")

        def shown(query: str) -> list[float]:
            found = ask(api, "query", query=query)
            return [float(each["value"][1]) for each in found["result"]] if found else []

        pushes = 'message_center_pushes_total{result="success"}'
        up = 'up{job=~"message-center.*"}'
        wait_until(lambda: shown(up) == [1, 1] and shown(pushes) >= [1], "the pushes", LIMIT * 2)
        wait_until(lambda: {each["health"] for each in rules(api)} == {"ok"}, "rules", LIMIT * 2)
        for panel in DASHBOARD["panels"]:
            for target in panel.get("targets", ()):
                text = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                assert ask(api, "query", query=text) is not None, panel["title"]
