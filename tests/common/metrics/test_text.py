import pytest
from prometheus_client.parser import text_string_to_metric_families

from common.metrics import text
from common.metrics.families import COUNTER, GAUGE, HISTOGRAM, WS, Family
from common.metrics.numbers import Snapshot
from common.metrics.text import written

TABLE = (
    Family("done_total", COUNTER, WS, "What was done", "kind", ("a", "b")),
    Family("here", GAUGE, WS, "Who is here"),
    Family("seconds", HISTOGRAM, WS, "How long", bounds=(0.1, 1.0)),
)


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "FAMILIES", TABLE)


def test_prometheus_reads_what_is_written() -> None:
    snapshot: Snapshot = {
        "seconds": {"": [3.5, 1, 2, 4]},
        "done_total": {"a": 3, "other": 1},
        "here": {"": 2},
    }

    body, kind = written(snapshot)
    families = text_string_to_metric_families(body.decode())
    samples = {
        (sample.name.removeprefix("message_center_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }

    assert kind.startswith("text/plain")
    assert samples == {
        ("done_total", "a"): 3,
        ("done_total", "b"): 0,
        ("done_total", "other"): 1,
        ("here",): 2,
        ("seconds_bucket", "0.1"): 1,
        ("seconds_bucket", "1"): 3,
        ("seconds_bucket", "+Inf"): 7,
        ("seconds_count",): 7,
        ("seconds_sum",): 3.5,
    }
    assert b"# HELP message_center_done_total What was done\n" in body


def test_who_asks_for_openmetrics_gets_it() -> None:
    body, kind = written({"here": {"": 2}}, "application/openmetrics-text; version=1.0.0")

    assert kind.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_what_a_process_does_not_count_is_not_written() -> None:
    assert written({})[0] == b""
