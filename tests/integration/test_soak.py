"""The soak in small: a leak that was planted is found, and nothing else is wrong with the tool.

So short a run says nothing about memory that is only being filled.
"""

import sys
from pathlib import Path

import pytest

from bench.soak.report import growing, rows, warm_up
from bench.soak.run import Load, soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

LEAKY = {"WORKER_CLASS": "bench.soak.worker:Leaky"}


def test_a_worker_that_keeps_something_of_each_client_is_found(tmp_path: Path) -> None:
    said: list[str] = []

    samples = soak(tmp_path, Load(12, 80, 1, 30, LEAKY), said.append)

    begin = warm_up(samples.series, 1, 12)
    grows = growing(rows(samples.series, begin))
    assert any(" of ws " in sentence for sentence in grows), grows
    for name in ("ws 1", "ws 2"):
        in_use = [value for _, value in samples.series["in use", name]]
        assert in_use[-1] > in_use[0] + 4
    assert not any("master" in sentence for sentence in grows), grows
    names = {name for kind, name in samples.series if kind == "descriptors"}
    assert names == {f"{each} {who}" for each in ("ws", "http") for who in ("master", "1", "2")}
    assert {"log", "once:", "users:", "all keys"} <= {
        name for kind, name in samples.series if kind == "keys"
    }
    clients, traffic = said
    assert "came back" in clients
    assert "not accepted" not in clients
    assert {word for word in traffic.split("'") if word.startswith("status")} == {"status 200"}
