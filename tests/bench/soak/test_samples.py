"""What is looked at: processes by /proc, and all keys of Redis by their kind."""

import os
from pathlib import Path

import pytest

from bench.soak.samples import Samples, kind_of, process_figures
from config.cli.embedded import EmbeddedValkey


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"message_center", "queue"),
        (b"{message_center}:log", "log"),
        (b"{message_center}:in:a-1:orders", "in:"),
        (b"other", "other"),
    ],
)
def test_keys_are_counted_by_what_they_are_for(name: bytes, kind: str) -> None:
    assert kind_of(name) == kind


def test_memory_and_descriptors_of_a_process_are_known() -> None:
    before = process_figures(os.getpid())
    with Path("/dev/null").open() as _:
        after = process_figures(os.getpid())

    assert 5 < before["anonymous"] < 1000
    assert after["descriptors"] == before["descriptors"] + 1


@pytest.mark.integration
def test_what_is_not_there_any_more_counts_as_none(tmp_path: Path) -> None:
    valkey = EmbeddedValkey.start(tmp_path / "valkey", 0)
    try:
        port = int(valkey.url.rpartition(":")[2].partition("/")[0])
        samples = Samples({"me": os.getpid()}, port, tmp_path)
        (tmp_path / str(os.getpid())).write_text("5 objects\n2 greenlets\n1.5 in use\n\n3 str")
        redis = samples.redis
        redis.lpush("message_center", "a", "b")
        redis.set("{message_center}:once:1", "x")
        redis.set("{message_center}:once:2", "x")
        samples.take()
        redis.flushall()
        samples.take()
    finally:
        samples.close()
        valkey.stop()

    values = {key: [value for _, value in points] for key, points in samples.series.items()}
    assert values["keys", "queue"] == [2, 0]
    assert values["keys", "once:"] == [2, 0]
    assert values["keys", "all keys"] == [3, 0]
    told = [values[kind, "me"] for kind in ("objects", "greenlets", "in use")]
    assert told == [[5, 5], [2, 2], [1.5, 1.5]]
    assert ("str", "me") not in values
    assert all(value > 0 for value in values["redis", "used_memory"] + values["anonymous", "me"])
